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

CATS = "cats_"
"""What the names of scores of `doc.cats` begin with. A pipeline has one set of them."""


def number_weights(prefix: str) -> Weights:
    """Return the weights of scores of numbers. prefix: what their names begin with.

    The table of `spacy train` shows those with 0.0 too. It multiplies by 100, so it has no errors.
    """
    weights = {"score": 1.0, "pearson": 0.0, "spearman": 0.0, "mse": None, "rmse": None, "numbers_per_type": None}
    return {f"{prefix}{name}": weight for name, weight in weights.items()}
