"""Default settings of the components that write `doc.cats`."""

from __future__ import annotations

from ...component.defaults import Weights

PARTS = ("premise", "hypothesis")
"""The parts of a pair, as keys in `doc.spans`."""

ARCHITECTURE = "spacy-bertadapt.SequenceClassifier.v1"

CATS_SCORES = [
    "cats_score",
    "cats_score_desc",
    "cats_micro_p",
    "cats_micro_r",
    "cats_micro_f",
    "cats_macro_p",
    "cats_macro_r",
    "cats_macro_f",
    "cats_macro_auc",
    "cats_f_per_type",
]
CATS_WEIGHTS: Weights = {**dict.fromkeys(CATS_SCORES), "cats_score": 1.0}
