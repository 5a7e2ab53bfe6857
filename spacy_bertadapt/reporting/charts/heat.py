"""Tables of counts whose cells are darker the more they hold."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from markupsafe import Markup

from ...types import Ints
from ..markup import element, shortened

SHADES = 10
MOST_LABELS = 25
OTHERS = "others"


def heat_table(labels: Sequence[str], counts: Ints, *, rows: str, columns: str, caption: str) -> Markup:
    """Return counts, (labels, labels), by gold (down) and prediction (across), shaded by their share of the row.

    rows, columns: what stands down and across. Of many labels, those that are seldom are one row and column together.
    """
    labels, counts = merge_rare(labels, counts)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    names = [element("th", shortened(label, 14), scope="col", title=label) for label in labels]
    head = element("tr", element("th", f"{rows} ↓ {columns} →", scope="col", class_="corner"), *names)
    body = [
        element(
            "tr",
            element("th", shortened(label, 18), scope="row", title=label),
            *(
                _cell(int(counts[row, column]), float(shares[row, column]), row == column, label, labels[column])
                for column in range(len(labels))
            ),
        )
        for row, label in enumerate(labels)
    ]
    shown = element(
        "table", element("caption", caption), element("thead", head), element("tbody", *body), class_="heat"
    )
    return element("div", shown, class_="scroll", tabindex=0, role="region", aria_label=caption)


def needs_width(labels: Sequence[str]) -> bool:
    """Return whether a table of these labels is too wide to stand beside another block."""
    return len(labels) > 4 or sum(len(shortened(label, 14)) for label in labels) > 24


def merge_rare(labels: Sequence[str], counts: Ints) -> tuple[list[str], Ints]:
    """Return labels and counts, of which those that are too many for a table are summed up as "others"."""
    if len(labels) <= MOST_LABELS:
        return list(labels), counts
    often = np.sort(np.argsort(-(counts.sum(axis=0) + counts.sum(axis=1)), kind="stable")[: MOST_LABELS - 1])
    place = np.full(len(labels), MOST_LABELS - 1)
    place[often] = np.arange(MOST_LABELS - 1)
    merged = np.zeros((MOST_LABELS, MOST_LABELS), dtype=counts.dtype)
    np.add.at(merged, (place[:, None], place[None, :]), counts)
    return [labels[number] for number in often] + [OTHERS], merged


def _cell(count: int, part: float, is_right: bool, gold: str, predicted: str) -> Markup:
    shade = round(part * SHADES)
    hint = f"gold {gold}, predicted {predicted}: {count:,}, {part:.1%} of the gold"
    text = f"{count:,}" if count else "·"
    return element("td", text, title=hint, class_=f"{'right' if is_right else 'wrong'} h{shade}")
