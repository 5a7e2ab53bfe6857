"""Rows as components give them, without a component."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spacy_bertadapt.planning.report_rows import (
    AnswerRows,
    LabelRows,
    NumberRows,
    Rows,
    RowSpan,
    SeveralLabelRows,
    SpanRows,
)
from spacy_bertadapt.reporting.runs import ComponentRows, Run

LABELS = ("good", "bad", "mixed")


def label_rows(
    gold: Sequence[int], predicted: Sequence[int], *, sure: float = 0.8, texts: Sequence[str] = ()
) -> LabelRows:
    """Return rows of `LABELS` whose predictions have a probability of `sure`."""
    values = np.full((len(gold), len(LABELS)), (1 - sure) / (len(LABELS) - 1))
    values[np.arange(len(gold)), predicted] = sure
    return LabelRows(
        **_common(len(gold), "accuracy", texts), labels=LABELS, known=len(LABELS), gold=np.array(gold), values=values
    )


def several_label_rows(gold: Sequence[Sequence[int]], values: Sequence[Sequence[float]]) -> SeveralLabelRows:
    """Return rows of `LABELS`, all of which have gold."""
    known = np.ones((len(gold), len(LABELS)), dtype=bool)
    return SeveralLabelRows(
        **_common(len(gold), "macro AUC"),
        labels=LABELS,
        gold=np.array(gold, dtype=bool),
        has_gold=known,
        values=np.array(values, dtype=np.float64),
        threshold=0.5,
    )


def span_rows(gold: list[list[RowSpan]], predicted: list[list[RowSpan]], texts: Sequence[str] = ()) -> SpanRows:
    """Return rows of spans."""
    return SpanRows(**_common(len(gold), "F", texts), gold=gold, predicted=predicted)


def answer_rows() -> AnswerRows:
    """Return a right answer, one that is partly right, one that isn't given, and one that ought not to be."""
    place = RowSpan(3, 9, "answer", 0.9)
    return AnswerRows(
        **{**_common(4, "F1"), "texts": [("who", "in London we live")] * 4, "parts": ("question", "context")},
        gold=[["London"], ["London town"], ["London"], []],
        gold_spans=[[place], [place], [place], []],
        answers=[place, place, None, place],
        confidence=np.array([0.9, 0.8, 0.6, 0.7]),
        f1=np.array([1.0, 0.5, 0.0, 0.0]),
        exact=np.array([1.0, 0.0, 0.0, 0.0]),
    )


def number_rows(gold: Sequence[float], predicted: Sequence[float]) -> NumberRows:
    """Return rows of a number."""
    columns = np.array(gold, dtype=np.float64)[:, None], np.array(predicted, dtype=np.float64)[:, None]
    common = _common(len(gold), "Pearson and Spearman")
    return NumberRows(**common, labels=("stars",), gold=columns[0], predicted=columns[1])


def run_of(rows: Rows, *, name: str = "out/model-best", task: str = "textcat", component: str = "bert_textcat") -> Run:
    """Return a run of a pipeline with one component."""
    found = ComponentRows(name=component, task=task, title="Text classification", things="texts", rows=rows)
    lengths = np.arange(len(rows)) % 50 + 1
    return Run(name=name, components=[found], lengths=lengths, seconds=2.0, scores={"cats_score": 0.5})


def _common(count: int, main: str, texts: Sequence[str] = ()) -> dict:
    shown = [(text,) for text in texts] or [(f"text {number}",) for number in range(count)]
    return {"examples": np.arange(count), "texts": shown, "main": main}
