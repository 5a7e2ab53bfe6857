"""The frame of a chart: its size, its axes with their ticks, and what reads it to those who don't see it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, log10

from markupsafe import Markup

from ..markup import element

WIDTH, HEIGHT = 440, 270
LEFT, RIGHT, TOP, BOTTOM = 52, 14, 14, 44
TICKS = 5


@dataclass(frozen=True, slots=True)
class Axes:
    """The plane of a chart. x, y: the lowest and the highest value of each axis; titles: what they count."""

    x: tuple[float, float]
    y: tuple[float, float]
    x_title: str
    y_title: str

    def at_x(self, value: float) -> float:
        """Return the place of a value, in units of the picture."""
        low, high = self.x
        return LEFT + (value - low) / ((high - low) or 1) * (WIDTH - LEFT - RIGHT)

    def at_y(self, value: float) -> float:
        """Return the place of a value, in units of the picture, from above."""
        low, high = self.y
        return HEIGHT - BOTTOM - (value - low) / ((high - low) or 1) * (HEIGHT - TOP - BOTTOM)

    def draw(self, *, x_ticks: Sequence[tuple[float, str]] | None = None) -> Markup:
        """Return the lines and texts of both axes. x_ticks: places and texts; None: round numbers."""
        parts = []
        for value in round_values(*self.y):
            y = self.at_y(value)
            parts.append(element("line", x1=LEFT, x2=WIDTH - RIGHT, y1=y, y2=y, class_="grid"))
            parts.append(element("text", tick(value), x=LEFT - 8, y=y + 4, class_="tick end"))
        for value, text in x_ticks if x_ticks is not None else [(v, tick(v)) for v in round_values(*self.x)]:
            parts.append(element("text", text, x=self.at_x(value), y=HEIGHT - BOTTOM + 18, class_="tick middle"))
        base = self.at_y(self.y[0])
        parts.append(element("line", x1=LEFT, x2=WIDTH - RIGHT, y1=base, y2=base, class_="axis"))
        middle = (TOP + HEIGHT - BOTTOM) / 2
        parts.append(element("text", self.x_title, x=(LEFT + WIDTH - RIGHT) / 2, y=HEIGHT - 6, class_="title middle"))
        turned = f"rotate(-90 12 {middle:.0f})"
        parts.append(element("text", self.y_title, x=12, y=middle, transform=turned, class_="title middle"))
        return Markup("").join(parts)


def picture(title: str, description: str, *content: Markup, height: int = HEIGHT) -> Markup:
    """Return a chart. title, description: what it is, and what it shows, for those who hear it."""
    return element(
        "svg",
        element("title", title),
        element("desc", description),
        *content,
        viewBox=f"0 0 {WIDTH} {height}",
        role="img",
        aria_label=f"{title}. {description}",
    )


def legend(names: Sequence[str], *, keys: Sequence[Markup] | None = None) -> Markup:
    """Return the names of series. keys: a picture of each; None: lines in the colours and dashes of curves."""
    keys = keys or [line_key(number) for number in range(1, len(names) + 1)]
    return element("ul", *(element("li", key, name) for key, name in zip(keys, names, strict=True)), class_="legend")


def line_key(number: int) -> Markup:
    """Return a line as a curve of that number has it."""
    line = element("line", x1=0, x2=22, y1=5, y2=5, class_=f"series s{number}")
    return element("svg", line, viewBox="0 0 22 10", class_="key", aria_hidden="true")


def round_values(low: float, high: float) -> list[float]:
    """Return about five round numbers from low to high."""
    if not high > low:
        return [low]
    rough = (high - low) / TICKS
    power = 10.0 ** floor(log10(rough))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= rough * 0.999)
    first = -floor(-low / step + 1e-9)
    return [number * step for number in range(first, floor(high / step + 1e-9) + 1)]


def tick(value: float) -> str:
    """Return a round number, as short as it can be."""
    if value and (abs(value) < 0.001 or abs(value) >= 1e6):
        return f"{value:.1e}".replace("e-0", "e-").replace("e+0", "e").replace("-", "−")
    return f"{value:,.6g}".replace("-", "−") if abs(value) >= 1000 else f"{value:.4g}".replace("-", "−")
