"""The rows of a report on `doc.cats`: one label, several labels, or numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from spacy.training import Example

from ...pairs import PartNames, pair_of
from ...planning.report_rows import LabelRows, MakeRows, NumberRows, Rows, SeveralLabelRows
from .deciding import DEFAULT_THRESHOLD

Numbered = list[tuple[int, Example]]


def category_rows(*, main: str, parts: PartNames | None = None) -> MakeRows:
    """Return the function that makes the rows of a component of categories.

    main: the title of the score that sums up one label a text. parts: the keys of a pair's parts; None: no pairs.
    """

    def make(pipe: Any, examples: Sequence[Example]) -> Rows:
        kept = [(number, example) for number, example in enumerate(examples) if _has_gold(pipe, example)]
        if getattr(pipe, "predicts_numbers", False):
            return _number_rows(pipe, kept, parts)
        if pipe.cfg.get("exclusive", False):
            return _label_rows(pipe, kept, parts, main)
        return _several_label_rows(pipe, kept, parts)

    return make


def _has_gold(pipe: Any, example: Example) -> bool:
    """Return whether there is gold for a component: a label that holds, where one does, else any value."""
    leaves_to_others = getattr(pipe, "leaves_to_others", None)
    cats = example.reference.cats
    if leaves_to_others is not None and leaves_to_others(example.reference):
        cats = {label: value for label, value in cats.items() if label in pipe.labels}
    if pipe.cfg.get("exclusive", False) and not getattr(pipe, "predicts_numbers", False):
        ignored = set(pipe.cfg.get("ignored_labels", ()))
        return any(value > 0 for label, value in cats.items() if label not in ignored)
    return any(label in cats for label in pipe.labels)


def _label_rows(pipe: Any, kept: Numbered, parts: PartNames | None, main: str) -> LabelRows:
    best = [max(example.reference.cats.items(), key=lambda item: item[1])[0] for _, example in kept]
    labels = tuple(dict.fromkeys([*pipe.labels, *best]))
    numbers = {label: number for number, label in enumerate(labels)}
    return LabelRows(
        **_texts(kept, parts),
        main=main,
        labels=labels,
        known=len(pipe.labels),
        gold=np.array([numbers[label] for label in best], dtype=np.int64),
        values=_values(kept, labels, missing=0.0),
    )


def _several_label_rows(pipe: Any, kept: Numbered, parts: PartNames | None) -> SeveralLabelRows:
    gold = _gold_values(kept, pipe.labels)
    threshold = pipe.cfg.get("threshold")
    return SeveralLabelRows(
        **_texts(kept, parts),
        main="macro AUC",
        labels=tuple(pipe.labels),
        gold=np.nan_to_num(gold) > 0,
        has_gold=~np.isnan(gold),
        values=_values(kept, pipe.labels, missing=0.0),
        threshold=DEFAULT_THRESHOLD if threshold is None else float(threshold),
    )


def _number_rows(pipe: Any, kept: Numbered, parts: PartNames | None) -> NumberRows:
    return NumberRows(
        **_texts(kept, parts),
        main="Pearson and Spearman",
        labels=tuple(pipe.labels),
        gold=_gold_values(kept, pipe.labels),
        predicted=_values(kept, pipe.labels, missing=np.nan),
    )


def _texts(kept: Numbered, parts: PartNames | None) -> dict[str, Any]:
    """Return what rows have of every kind."""
    docs = [example.reference for _, example in kept]
    texts = [(doc.text,) if parts is None else pair_of(doc, parts) for doc in docs]
    return {
        "examples": np.array([number for number, _ in kept], dtype=np.int64),
        "texts": texts,
        "parts": parts or (),
    }


def _values(kept: Numbered, labels: Sequence[str], *, missing: float) -> np.ndarray:
    """Return predicted values, (rows, labels). missing: the value of a label that was not predicted."""
    rows = [[example.predicted.cats.get(label, missing) for label in labels] for _, example in kept]
    return np.array(rows, dtype=np.float64).reshape(len(kept), len(labels))


def _gold_values(kept: Numbered, labels: Sequence[str]) -> np.ndarray:
    """Return gold values, (rows, labels), NaN where there is none."""
    rows = [[example.reference.cats.get(label, np.nan) for label in labels] for _, example in kept]
    return np.array(rows, dtype=np.float64).reshape(len(kept), len(labels))
