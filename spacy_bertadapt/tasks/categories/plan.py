"""Choices and comments that configs for categories share."""

from __future__ import annotations

from ...errors import Errors, InvalidError
from ...planning.choices import Choice
from ...planning.data_summary import DataSurvey

BALANCE_FROM = 3
CROSS_ENTROPY = {"@losses": "spacy-bertadapt.CrossEntropy.v1"}
BALANCED = {**CROSS_ENTROPY, "class_weights": "balanced"}

NOTES = {
    "component.long_text": "how the windows of a long text are pooled: mean, max or first",
    "reader.label": "column by name or by number from 0; key in JSON",
    "reader.label_map": "labels of the file to labels of the pipeline; null: the same",
    "reader.separator": "between the fields of CSV; null: a comma",
    "reader.header": "null: CSV and TSV start with names if columns are given by name",
    "reader.format": "null: by content and suffix; else one of docs/data.md",
    "reader.scores": "columns of numbers in place of `label`, for a regression",
    "reader.labels": "null: those in the file",
}


def check_labels(data: DataSurvey) -> None:
    """Raise ValueError if all texts have the same single label."""
    labels = data.train.counts
    if len(labels) == 1 and data.train.exclusive:
        raise InvalidError(Errors.E504.format(path=data.source, label=next(iter(labels))))


def choose_loss(data: DataSurvey) -> Choice:
    """Choose weights for exclusive labels of very unequal size."""
    ratio = f"the most frequent label has {data.train.imbalance:.1f} times as many texts as the rarest"
    if data.train.imbalance > BALANCE_FROM:
        return Choice("component.loss", BALANCED, f"{ratio}: rare labels weigh more")
    return Choice("component.loss", None, f"{ratio}: no weights needed")
