"""How classifiers of texts and of pairs are exchanged with Transformers, which has one class for both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...planning.exchange import Exchange
from ...types import MULTI_LABEL, REGRESSION, SINGLE_LABEL

if TYPE_CHECKING:
    from ...network.checkpoint_facts import CheckpointFacts

RELATION = "entailment"  # in the labels of whatever was trained on MultiNLI, SNLI, XNLI or RTE


def is_of_pairs(facts: CheckpointFacts) -> bool:
    """Return whether a classifier's labels are relations of two texts. What others classify, their labels don't say."""
    return any(RELATION in label.casefold() for label in facts.labels)


def exclusiveness(facts: CheckpointFacts) -> dict[str, Any]:
    """Return the setting of a text classifier that says what the labels mean: they exclude each other, or they don't.

    A checkpoint that names no problem type gets what Transformers assumes of integer labels: they do. Numbers need no
    setting: the component becomes one of numbers by its checkpoint.
    """
    return {"exclusive": facts.problem_type != MULTI_LABEL}


OF_TEXTS = Exchange(
    auto_class="AutoModelForSequenceClassification",
    hub_task="text-classification",
    is_meant=lambda facts: not is_of_pairs(facts),
    settings=exclusiveness,
    problem_types=(SINGLE_LABEL, MULTI_LABEL, REGRESSION),
)
OF_PAIRS = Exchange(
    auto_class="AutoModelForSequenceClassification",
    hub_task="text-classification",
    is_meant=is_of_pairs,
    problem_types=(SINGLE_LABEL, REGRESSION),
)
