"""Scores of numbers in `doc.cats`: how well predictions keep the order and the size of the gold."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from spacy.training import Example

from ...component.unknown_labels import warn_of_unknown_labels
from ...types import REGRESSION

Numbers = NDArray[np.float64]
Scorer = Callable[..., dict[str, Any]]

MEASURES = ("pearson", "spearman", "mse", "rmse")
DESCRIPTION = "mean of Pearson and Spearman"


def score_by_kind(
    examples: Iterable[Example],
    *,
    score_labels: Scorer,
    score_numbers: Scorer,
    problem_type: str | None = None,
    **settings: Any,
) -> dict[str, Any]:
    """Return the scores of what a component predicts: numbers if it says that it does, else labels.

    score_labels, score_numbers: score these. problem_type: the component's, as Transformers names it. settings: for
    either scorer.
    """
    score = score_numbers if problem_type == REGRESSION else score_labels
    return score(examples, **settings)


def score_numbers(
    examples: Iterable[Example], *, labels: Sequence[str], ignored_labels: Sequence[str] = (), **settings: Any
) -> dict[str, Any]:
    """Return correlations and errors of predicted numbers, for the labels of a component.

    labels, ignored_labels: see `score_cats`. A text counts for a label if it has gold for it.
    Returns cats_pearson and cats_spearman, from -1 to 1, 0 where gold or predictions are all alike; cats_mse and
    cats_rmse, in the gold's unit and its square; cats_score, the mean of the two correlations, as GLUE has it for
    STS-B; and cats_numbers_per_type, all four by label. With several labels they are means. None without gold.
    """
    examples = list(examples)
    gold_labels = (label for example in examples for label in example.reference.cats)
    predicted = (label for example in examples for label in example.predicted.cats)
    warn_of_unknown_labels(gold_labels, {*labels, *ignored_labels, *predicted})
    per_type = {}
    for label in labels:
        pairs = [(e.reference.cats[label], e.predicted.cats[label]) for e in examples if _has_both(e, label)]
        if pairs:
            per_type[label] = _measures(*np.array(pairs, dtype=np.float64).T)
    means = {name: float(np.mean([scores[name] for scores in per_type.values()])) for name in MEASURES if per_type}
    return {
        "cats_score": (means["pearson"] + means["spearman"]) / 2 if means else None,
        "cats_score_desc": DESCRIPTION,
        **{f"cats_{name}": means.get(name) for name in MEASURES},
        "cats_numbers_per_type": per_type or None,
    }


def correlation(first: Numbers, second: Numbers) -> float:
    """Return Pearson's correlation of two lists of numbers, from -1 to 1; 0 if one of them doesn't vary."""
    first, second = first - first.mean(), second - second.mean()
    spread = float(np.linalg.norm(first) * np.linalg.norm(second))
    return float(first @ second) / spread if spread else 0.0


def ranks(numbers: Numbers) -> Numbers:
    """Return the place of each number in their order, from 1; equal ones share the mean of their places."""
    _, place, counts = np.unique(numbers, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[place]


def _has_both(example: Example, label: str) -> bool:
    return label in example.reference.cats and label in example.predicted.cats


def _measures(gold: Numbers, predicted: Numbers) -> dict[str, float]:
    mse = float(np.mean((predicted - gold) ** 2))
    return {
        "pearson": correlation(gold, predicted),
        "spearman": correlation(ranks(gold), ranks(predicted)),
        "mse": mse,
        "rmse": mse**0.5,
    }
