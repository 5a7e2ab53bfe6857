"""The rows of the error browser, as columns that the page's script reads."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from markupsafe import Markup

from ..planning.report_rows import RowSpan
from ..types import Bools, Ints

Mark: TypeAlias = list[Any]
"""Part of the text, start, end, number of the label, and the score or None."""

UNSAFE = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&\u2028\u2029'"}
"""What would end a script, or a line of one, is written as JSON can write it too."""


@dataclass(frozen=True, kw_only=True)
class Predicted:
    """What a pipeline predicted, a row each.

    labels: the numbers of the labels. confidence: None without one. is_right: (rows,). texts: what is predicted, where
    it is no label. marks: the spans in the text.
    """

    labels: list[list[int]]
    confidence: list[float | None]
    is_right: Bools
    texts: list[str] = field(default_factory=list)
    marks: list[list[Mark]] = field(default_factory=list)

    def columns(self, order: Ints) -> dict[str, Any]:
        """Return the columns of some rows by the names that the script knows."""
        return {
            "labels": _taken(self.labels, order),
            "conf": _taken(self.confidence, order),
            "ok": "".join("1" if value else "0" for value in self.is_right[order].tolist()),
            "texts": _taken(self.texts, order),
            "marks": _taken(self.marks, order),
        }


@dataclass(frozen=True, kw_only=True)
class BrowserRows:
    """The rows of a component.

    labels: names. gold_labels, gold_texts, gold_marks: as in `Predicted`. badness: (rows,) the higher, the worse.
    errors: for each row the numbers of its errors; error_names: what they are called.
    """

    labels: Sequence[str]
    gold_labels: list[list[int]]
    predicted: Predicted
    badness: list[float]
    badness_title: str
    gold_texts: list[str] = field(default_factory=list)
    gold_marks: list[list[Mark]] = field(default_factory=list)
    errors: list[list[int]] = field(default_factory=list)
    error_names: Sequence[str] = ()


def as_columns(
    rows: BrowserRows,
    *,
    texts: Sequence[Sequence[str]],
    parts: Sequence[str],
    names: Sequence[str],
    other: Predicted | None,
    most: int,
) -> dict[str, Any]:
    """Return all that the script needs of a component.

    texts: the parts of each text. names: of the pipelines. other: what a second pipeline predicted on the same rows,
    whose labels have the same numbers. most: how many rows are kept: the worst ones.
    """
    order = np.argsort(-np.array(rows.badness, dtype=np.float64), kind="stable")[:most]
    return {
        "parts": list(parts),
        "labels": list(rows.labels),
        "names": list(names),
        "badness": rows.badness_title,
        "errorNames": list(rows.error_names),
        "row": order.tolist(),
        "text": [list(texts[number]) for number in order.tolist()],
        "gold": _taken(rows.gold_labels, order),
        "goldTexts": _taken(rows.gold_texts, order),
        "goldMarks": _taken(rows.gold_marks, order),
        "errors": _taken(rows.errors, order),
        "bad": [round(value, 4) for value in _taken(rows.badness, order)],
        "first": rows.predicted.columns(order),
        "second": None if other is None else other.columns(order),
    }


def as_json(content: Any) -> Markup:
    """Return JSON that can stand in an element of HTML, whatever texts it holds."""
    written = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return Markup(written.translate(UNSAFE).encode("utf-8", "backslashreplace").decode("utf-8"))


def as_marks(spans: Sequence[RowSpan], numbers: dict[str, int], *, part: int = 0) -> list[Mark]:
    """Return spans of a part of a text as the script knows them. numbers: of the labels."""
    return [
        [part, span.start, span.end, numbers[span.label], None if span.score is None else round(span.score, 4)]
        for span in spans
    ]


def _taken(values: Sequence[Any], order: Ints) -> list[Any]:
    """Return the values of some rows; none if the column is not there."""
    return [values[number] for number in order.tolist()] if len(values) else []
