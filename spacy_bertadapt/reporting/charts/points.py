"""Points: predictions against gold, and accuracy against confidence."""

from __future__ import annotations

import numpy as np
from markupsafe import Markup

from ...calibration.measures import Reliability
from ...planning.report_rows import Doubles
from ..markup import element, figure
from .axes import Axes, picture

MOST_POINTS = 1500


def scatter(title: str, x: Doubles, y: Doubles, *, x_title: str, y_title: str, description: str) -> Markup:
    """Return points, (points,) both, and the line where both are equal. Of very many, evenly chosen ones are drawn."""
    low, high = float(min(x.min(), y.min())), float(max(x.max(), y.max()))
    room = (high - low) * 0.04 or 1.0
    axes = Axes((low - room, high + room), (low - room, high + room), x_title, y_title)
    step = -(-len(x) // MOST_POINTS)
    points = [
        element("circle", cx=axes.at_x(one), cy=axes.at_y(other), r=2.5, class_="f1 point")
        for one, other in zip(x[::step].tolist(), y[::step].tolist(), strict=True)
    ]
    return picture(title, description, axes.draw(), _diagonal(axes), *points)


def reliability_chart(title: str, calibration: Reliability, *, what: str, description: str) -> Markup:
    """Return a bar a bin, as high as its predictions are right. what: that is right, such as "accuracy"."""
    axes = Axes((0.0, 1.0), (0.0, 1.0), "confidence", what)
    bins = len(calibration.counts)
    parts = [axes.draw()]
    columns = (calibration.counts.tolist(), calibration.confidence.tolist(), calibration.accuracy.tolist())
    for place, (count, confidence, value) in enumerate(zip(*columns, strict=True)):
        if not count:
            continue
        left, right, top = axes.at_x(place / bins), axes.at_x((place + 1) / bins), axes.at_y(value)
        hint = f"{count:,} predictions, confidence {figure(confidence)}, {what} {figure(value)}"
        size = {"width": right - left - 1, "height": max(1.0, axes.at_y(0.0) - top)}
        class_ = "f1" if count >= max(5, np.sum(calibration.counts) / 200) else "f1 faint"
        parts.append(element("rect", element("title", hint), x=left + 0.5, y=top, **size, class_=class_))
    return picture(title, description, *parts, _diagonal(axes))


def _diagonal(axes: Axes) -> Markup:
    ends = {"x1": axes.at_x(axes.x[0]), "x2": axes.at_x(axes.x[1])}
    return element("line", **ends, y1=axes.at_y(axes.x[0]), y2=axes.at_y(axes.x[1]), class_="diagonal")
