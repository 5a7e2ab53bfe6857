"""Elements of HTML and SVG whose texts are escaped, and numbers as people read them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import isnan

from markupsafe import Markup, escape

NO_VALUE = "–"


@dataclass(frozen=True, slots=True)
class Block:
    """A part of a section of the page. title: its heading. content: HTML. note: what is to be seen, in a sentence."""

    title: str
    content: Markup
    note: str = ""
    is_wide: bool = False


def element(tag: str, *children: object, **attributes: object) -> Markup:
    """Return an element. children: markup, or other values, whose texts are escaped. attributes: those that are not
    None; `class_` is class, and _ is - in any other name."""
    said = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{escape(_as_text(value))}"'
        for name, value in attributes.items()
        if value is not None
    )
    return Markup(f"<{tag}{said}>{joined(children)}</{tag}>")


def joined(parts: Iterable[object]) -> Markup:
    """Return parts one after the other; those that are no markup are escaped."""
    return Markup("").join(escape(part) for part in parts)


def table(
    header: Iterable[object], rows: Iterable[Iterable[object]], *, caption: str = "", class_: str | None = None
) -> Markup:
    """Return a table whose first column names the rows."""
    head = element("tr", *(element("th", cell, scope="col") for cell in header))
    body = [
        element(
            "tr",
            *(element("th" if n == 0 else "td", cell, scope="row" if n == 0 else None) for n, cell in enumerate(row)),
        )
        for row in rows
    ]
    shown = element(
        "table", element("caption", caption), element("thead", head), element("tbody", *body), class_=class_
    )
    return element("div", shown, class_="scroll", tabindex=0, role="region", aria_label=caption or None)


def figure(value: float | None, digits: int = 3) -> str:
    """Return a number with some digits behind the point; a dash for none."""
    if value is None or isnan(value):
        return NO_VALUE
    shown = f"{value:.{digits}f}" if abs(value) < 1000 else f"{value:,.0f}"
    return shown.lstrip("-") if float(shown.replace(",", "")) == 0 else shown.replace("-", "−")


def share(value: float | None) -> str:
    """Return a share in percent."""
    return NO_VALUE if value is None or isnan(value) else f"{value * 100:.1f} %"


def probability(p: float) -> str:
    """Return the probability of a test."""
    return NO_VALUE if isnan(p) else "< 0.001" if p < 0.001 else f"{p:.3f}"


def shortened(text: str, length: int = 28) -> str:
    """Return a text that is no longer than that many characters."""
    return text if len(text) <= length else f"{text[: length - 1]}…"


def counted(count: int, thing: str) -> str:
    """Return "1 text", "2 texts"; thing: in the plural, that ends with s."""
    return f"{count:,} {thing.removesuffix('s') if count == 1 else thing}"


def _as_text(value: object) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
