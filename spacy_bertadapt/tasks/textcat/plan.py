"""Settings and comments of configs for text classification."""

from __future__ import annotations

from ...planning.choices import Choice, choose_max_length
from ...planning.data_summary import DataSurvey
from ...planning.task import ConfigPlan
from ..categories.plan import BALANCED, NOTES, check_labels, choose_loss


def choose(data: DataSurvey) -> list[Choice]:
    """Decide on the settings that depend on the data. Raises ValueError if all texts have the same single label."""
    check_labels(data)
    return [_exclusive(data), _loss(data), choose_max_length(data)]


def _exclusive(data: DataSurvey) -> Choice:
    if data.train.exclusive:
        return Choice("component.exclusive", True, "every training text has exactly one label")
    return Choice("component.exclusive", False, "some training texts have several labels, or none")


def _loss(data: DataSurvey) -> Choice:
    if data.train.exclusive:
        return choose_loss(data)
    return Choice("component.loss", None, "binary cross-entropy, as labels don't exclude each other")


PLAN = ConfigPlan(
    choose=choose,
    notes={
        **NOTES,
        "component.exclusive": "true: exactly one label a text (probabilities sum to 1); false: any number of labels; "
        "of numbers it says nothing",
        "component.threshold": "probability from which a label counts in scores where labels are not exclusive; "
        "null: 0.5",
        "component.positive_label": "with two exclusive labels, the one that cats_score is about; "
        "null: the mean over both",
        "component.loss": "null: cross-entropy if exclusive, else binary cross-entropy; "
        "spacy-bertadapt.BinaryCrossEntropy.v1 goes with exclusive = false; MeanSquaredError.v1 learns numbers",
        "reader.text": "column by name or by number from 0; key in JSON",
        "reader.rejected": "true: a row that an annotator rejected says that its label does not hold; false: it is "
        "skipped",
        "reader.label_separator": "splits a string of several labels; null: one label a row",
        "reader.cats": 'JSON key of an object {"label": value} in place of `label`; '
        'null: "cats" in rows without `label`',
    },
    sample={"component.max_length": 128, "component.loss": BALANCED},
)
