"""Curves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from markupsafe import Markup

from ...planning.report_rows import Doubles
from ..markup import element
from .axes import Axes, legend, picture


@dataclass(frozen=True, slots=True)
class Curve:
    """Points in the order of x, (points,) both; NaN in y is a gap."""

    name: str
    x: Doubles
    y: Doubles


def line_chart(
    title: str,
    curves: Sequence[Curve],
    *,
    axes: Axes,
    description: str,
    marked: tuple[float, float, str] | None = None,
    has_points: bool = False,
) -> Markup:
    """Return curves in one plane, with a legend if there are several.

    marked: a point to be pointed out, and the text at it. has_points: whether each point is drawn, as of few.
    """
    parts = [axes.draw()]
    for number, curve in enumerate(curves, start=1):
        parts += [element("polyline", points=points, class_=f"series s{number}") for points in _pieces(curve, axes)]
        if has_points:
            parts += _points(curve, axes, number)
    if marked is not None:
        parts += _mark(axes, *marked)
    drawn = picture(title, description, *parts)
    return drawn + (legend([curve.name for curve in curves]) if len(curves) > 1 else Markup(""))


def plane(curves: Sequence[Curve], *, x_title: str, y_title: str, y: tuple[float, float] | None = None) -> Axes:
    """Return axes that hold all points. y: their range; None: that of the points, from 0 if it is near."""
    x = np.concatenate([curve.x for curve in curves])
    values = np.concatenate([curve.y for curve in curves])
    values = values[np.isfinite(values)]
    low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 1.0)
    room = (high - low) * 0.06 or abs(high) * 0.1 or 1.0
    found = (0.0 if 0 <= low < 0.6 * high else low - room, high + room)
    return Axes((float(x.min()), float(x.max())), y or found, x_title, y_title)


def _pieces(curve: Curve, axes: Axes) -> list[str]:
    points = zip(curve.x.tolist(), curve.y.tolist(), strict=True)
    pieces = []
    for is_drawn, piece in groupby(points, key=lambda point: bool(np.isfinite(point[1]))):
        if is_drawn:
            pieces.append(" ".join(f"{axes.at_x(x):.1f},{axes.at_y(y):.1f}" for x, y in piece))
    return pieces


def _points(curve: Curve, axes: Axes, number: int) -> list[Markup]:
    return [
        element(
            "circle",
            element("title", f"{curve.name}: {y:.4g} at {x:,.6g}"),
            cx=axes.at_x(x),
            cy=axes.at_y(y),
            r=3,
            class_=f"f{number}",
        )
        for x, y in zip(curve.x.tolist(), curve.y.tolist(), strict=True)
        if np.isfinite(y)
    ]


def _mark(axes: Axes, x: float, y: float, text: str) -> list[Markup]:
    at_x, at_y = axes.at_x(x), axes.at_y(y)
    is_right = x > sum(axes.x) / 2
    place = {"x": at_x - 9 if is_right else at_x + 9, "class_": "mark end" if is_right else "mark"}
    return [
        element("circle", cx=at_x, cy=at_y, r=5, class_="ring"),
        element("text", text, y=at_y - 9 if at_y > 40 else at_y + 18, **place),
    ]
