"""What a component of categories writes on a Doc, as columns of a table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from spacy.tokens import Doc

from ...component.calibration import NOT_CALIBRATED, Calibration
from ...planning.results import Results
from .deciding import decide_each, decide_one

CalibrationOf: TypeAlias = Callable[[], Calibration]
"""Returns the calibration that a component has now, with the thresholds of its labels."""


def category_results(pipe: Any) -> Results:
    """Return the columns of a component's categories: one label, several labels, or numbers."""
    if getattr(pipe, "predicts_numbers", False):
        return number_results(lambda: pipe.labels)

    def calibration() -> Calibration:
        return getattr(pipe, "calibration", NOT_CALIBRATED)

    if pipe.cfg["exclusive"]:
        return label_results(lambda: pipe.labels, calibration)
    return labels_results(lambda: pipe.labels, lambda: pipe.threshold, calibration)


def label_results(labels: Callable[[], Sequence[str]], calibration: CalibrationOf = Calibration) -> Results:
    """Return the columns where one label holds: the most probable one, its score, and the scores of all.

    calibration: a text whose most probable label is below the threshold of that has no label, and the label's score.
    """

    def read(doc: Doc) -> dict[str, Any]:
        scores = own_scores(doc, labels())
        label = decide_one(scores, calibration())
        return {"label": label, "score": max(scores.values(), default=None), "scores": scores}

    columns = {"label": str | None, "score": float | None, "scores": dict[str, float]}
    return Results(columns=columns, read=read, place=("doc.cats", tuple(labels())))


def labels_results(
    labels: Callable[[], Sequence[str]],
    threshold: Callable[[], float | None],
    calibration: CalibrationOf = Calibration,
) -> Results:
    """Return the columns where several labels may hold: those from a threshold on, and the scores of all.

    threshold: returns a probability; None: 0.5. calibration: has those of labels with a threshold of their own.
    """

    def read(doc: Doc) -> dict[str, Any]:
        scores = own_scores(doc, labels())
        return {"labels": decide_each(scores, calibration(), threshold()), "scores": scores}

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
