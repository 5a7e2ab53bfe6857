"""What a component of categories writes on a Doc, as columns of a table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from spacy.tokens import Doc

from ...planning.results import Results

DEFAULT_THRESHOLD = 0.5


def category_results(pipe: Any) -> Results:
    """Return the columns of a component's categories: one label, several labels, or numbers."""
    if getattr(pipe, "predicts_numbers", False):
        return number_results(lambda: pipe.labels)
    if pipe.cfg["exclusive"]:
        return label_results(lambda: pipe.labels)
    return labels_results(lambda: pipe.labels, lambda: pipe.threshold)


def label_results(labels: Callable[[], Sequence[str]]) -> Results:
    """Return the columns where one label holds: the most probable one with its score, and the scores of all."""

    def read(doc: Doc) -> dict[str, Any]:
        scores = own_scores(doc, labels())
        label = max(scores, key=scores.__getitem__, default=None)
        return {"label": label, "score": None if label is None else scores[label], "scores": scores}

    columns = {"label": str | None, "score": float | None, "scores": dict[str, float]}
    return Results(columns=columns, read=read, place=("doc.cats", tuple(labels())))


def labels_results(labels: Callable[[], Sequence[str]], threshold: Callable[[], float | None]) -> Results:
    """Return the columns where several labels may hold: those from a threshold on, and the scores of all.

    threshold: returns a probability; None: 0.5.
    """

    def read(doc: Doc) -> dict[str, Any]:
        scores = own_scores(doc, labels())
        known = threshold()
        least = DEFAULT_THRESHOLD if known is None else known
        holding = [label for label, score in scores.items() if score >= least]
        return {"labels": sorted(holding, key=scores.__getitem__, reverse=True), "scores": scores}

    columns = {"labels": list[str], "scores": dict[str, float]}
    return Results(columns=columns, read=read, place=("doc.cats", tuple(labels())))


def number_results(labels: Callable[[], Sequence[str]]) -> Results:
    """Return the column of numbers by their labels."""
    return Results(
        columns={"scores": dict[str, float]},
        read=lambda doc: {"scores": own_scores(doc, labels())},
        place=("doc.cats", tuple(labels())),
    )


def own_scores(doc: Doc, labels: Sequence[str]) -> dict[str, float]:
    """Return the values of some labels on a Doc; none if it was not annotated."""
    return {label: float(doc.cats[label]) for label in labels if label in doc.cats}
