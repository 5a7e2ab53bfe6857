"""Scores of natural language inference."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from spacy.scorer import PRFScore
from spacy.training import Example

from ..categories.defaults import CATS
from ..categories.number_scorer import score_by_kind, score_numbers
from ..categories.scorer import score_cats
from . import OWN_SCORES

DESCRIBED = "cats_score_desc"  # spaCy's words for cats_score


def make_nli_scorer() -> Callable[..., dict[str, Any]]:
    """Return the scorer of pairs: see `score_nli`, and `score_pair_numbers` for a component that predicts numbers."""
    return partial(score_by_kind, score_labels=score_nli, score_numbers=score_pair_numbers)


def score_pair_numbers(examples: Iterable[Example], **settings: Any) -> dict[str, Any]:
    """Return the scores of `score_numbers` under names of their own, and under its `cats_*`, for `spacy evaluate`.

    Returns nli_score, nli_pearson, nli_spearman, nli_mse, nli_rmse and nli_numbers_per_type.
    """
    scores = score_numbers(examples, **settings)
    own = {OWN_SCORES + name.removeprefix(CATS): value for name, value in scores.items() if name != DESCRIBED}
    return {**own, **scores}


def score_nli(examples: Iterable[Example], *, labels: Sequence[str], **settings: Any) -> dict[str, Any]:
    """Return accuracy and scores by label, with spaCy's `cats_*`, which `spacy evaluate` prints.

    labels: the component's. A pair is scored if some label holds for it; the prediction is the most probable label.
    Returns nli_acc; nli_macro_f, the mean of the labels' F; nli_per_type: p, r and f by label; nli_confusion: counts
    by gold and predicted label. The scores are None if there is no gold.
    """
    examples = list(examples)
    confusion: dict[str, Counter[str]] = {label: Counter(dict.fromkeys(labels, 0)) for label in labels}
    for example in examples:
        gold = _best(example.y.cats)
        predicted = _best({label: value for label, value in example.x.cats.items() if label in labels})
        if gold is not None and predicted is not None:
            confusion.setdefault(gold, Counter()).update([predicted])
    return {
        **_nli_scores(confusion, labels),
        "nli_confusion": {gold: dict(counts) for gold, counts in confusion.items()},
        **score_cats(examples, labels=labels, **settings),
    }


def _nli_scores(confusion: dict[str, Counter[str]], labels: Sequence[str]) -> dict[str, Any]:
    total = sum(counts.total() for counts in confusion.values())
    if not total:
        return {"nli_acc": None, "nli_macro_f": None, "nli_per_type": None}
    per_type = {label: PRFScore() for label in labels}
    for label, score in per_type.items():
        score.tp = confusion[label][label]
        score.fn = confusion[label].total() - score.tp
        score.fp = sum(counts[label] for counts in confusion.values()) - score.tp
    return {
        "nli_acc": sum(score.tp for score in per_type.values()) / total,
        "nli_macro_f": sum(score.fscore for score in per_type.values()) / len(labels),
        "nli_per_type": {label: score.to_dict() for label, score in per_type.items()},
    }


def _best(cats: Mapping[str, float]) -> str | None:
    """Return the label with the highest value above 0."""
    values = {label: value for label, value in cats.items() if value > 0}
    return max(values, key=values.__getitem__) if values else None
