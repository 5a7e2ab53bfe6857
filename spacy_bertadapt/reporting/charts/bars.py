"""Bars: lying ones with their names, and standing ones for histograms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from ...planning.report_rows import Doubles
from ...types import Ints
from ..markup import element, shortened
from .axes import HEIGHT, WIDTH, Axes, legend, picture

ROW, NAMES, VALUES = 28, 140, 64


@dataclass(frozen=True, slots=True)
class Bar:
    """A lying bar. text: beside it. color: a number of the page's colours. low, high: of its interval, or None."""

    name: str
    value: float
    text: str
    color: int = 1
    low: float | None = None
    high: float | None = None


def bar_chart(title: str, bars: Sequence[Bar], *, description: str, highest: float | None = None) -> Markup:
    """Return lying bars below each other. highest: the value that fills the width; None: that of the longest."""
    most = highest or max((bar.value for bar in bars), default=1.0) or 1.0
    width = WIDTH - NAMES - VALUES

    def at(value: float) -> float:
        return NAMES + min(1.0, max(0.0, value / most)) * width

    parts = []
    for number, bar in enumerate(bars):
        y = number * ROW + 6
        value = bar.value if np.isfinite(bar.value) else 0.0
        parts += [
            element(
                "text", shortened(bar.name, 21), element("title", bar.name), x=NAMES - 8, y=y + 13, class_="tick end"
            ),
            element(
                "rect", x=NAMES, y=y, width=float(max(1.0, at(value) - NAMES)), height=18, rx=2, class_=f"f{bar.color}"
            ),
            element("text", bar.text, x=WIDTH - VALUES + 8, y=y + 13, class_="tick"),
        ]
        if bar.low is not None and bar.high is not None and np.isfinite([bar.low, bar.high]).all():
            line = {"x1": at(bar.low), "x2": at(bar.high), "y1": y + 9, "y2": y + 9}
            parts.append(element("line", **line, class_="whisker"))
    return picture(title, description, *parts, height=len(bars) * ROW + 10)


def histogram(
    title: str, edges: Doubles, layers: Sequence[tuple[str, Ints]], *, x_title: str, y_title: str, description: str
) -> Markup:
    """Return standing bars. edges: (bars + 1,) of the bins. layers: names and counts, (bars,), stacked."""
    total = np.sum([counts for _, counts in layers], axis=0)
    axes = Axes((float(edges[0]), float(edges[-1])), (0.0, float(max(total.max(), 1)) * 1.05), x_title, y_title)
    parts, below = [axes.draw()], np.zeros(len(total))
    for number, (name, counts) in enumerate(layers, start=1):
        for place, count in enumerate(counts.tolist()):
            if count:
                parts.append(_column(axes, edges, place, below[place], count, name, number))
        below = below + counts
    drawn = picture(title, description, *parts, height=HEIGHT)
    return drawn + (bar_legend([name for name, _ in layers]) if len(layers) > 1 else Markup(""))


def bar_legend(names: Sequence[str]) -> Markup:
    """Return the names of layers with their colours."""
    keys = [
        element(
            "svg", element("rect", width=10, height=10, rx=2, class_=f"f{number}"), viewBox="0 0 10 10", class_="key"
        )
        for number in range(1, len(names) + 1)
    ]
    return legend(names, keys=keys)


def _column(axes: Axes, edges: Doubles, place: int, below: float, count: float, name: str, number: int) -> Markup:
    left, right = axes.at_x(float(edges[place])), axes.at_x(float(edges[place + 1]))
    top, bottom = axes.at_y(below + count), axes.at_y(below)
    hint = f"{name}: {count:,} from {edges[place]:.4g} to {edges[place + 1]:.4g}"
    size = {"width": max(1.0, right - left - 1), "height": bottom - top}
    return element("rect", element("title", hint), x=left + 0.5, y=top, **size, class_=f"f{number}")
