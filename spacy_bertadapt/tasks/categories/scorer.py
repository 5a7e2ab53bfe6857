"""Scores, under the names that spaCy's commands know."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

from spacy.scorer import Scorer
from spacy.tokens import Doc
from spacy.training import Example

from ...component.unknown_labels import warn_of_unknown_labels
from .number_scorer import score_by_kind, score_numbers


def make_textcat_scorer() -> Callable[..., dict[str, Any]]:
    """Return the scorer of `doc.cats`: see `score_cats`, and `score_numbers` for a component that predicts numbers."""
    return partial(score_by_kind, score_labels=score_cats, score_numbers=score_numbers)


def score_cats(
    examples: Iterable[Example],
    *,
    labels: Sequence[str],
    exclusive: bool,
    threshold: float | None = None,
    positive_label: str | None = None,
    ignored_labels: Sequence[str] = (),
    **settings: Any,
) -> dict[str, Any]:
    """Return spaCy's `cats_*` scores for the component's own labels.

    labels, exclusive, threshold, positive_label: the component's. threshold None: 0.5; exclusive labels have none.
    ignored_labels: labels of the data that the component was told to ignore. Gold labels that neither it knows nor
    another component predicts are reported in a warning, as no prediction can match them. Examples without gold for
    any label are not scored.
    """
    examples = list(examples)
    gold = (label for example in examples for label, value in example.reference.cats.items() if value > 0.5)
    predicted = (label for example in examples for label in example.predicted.cats)
    warn_of_unknown_labels(gold, {*labels, *ignored_labels, *predicted})

    def known_cats(doc: Doc, attr: str) -> dict[str, float]:
        """Return nothing if none of the labels holds: spaCy would take the first of equal zeros for gold."""
        cats = {label: value for label, value in getattr(doc, attr).items() if label in labels}
        return cats if any(cats.values()) or not exclusive else {}

    def has_gold(example: Example) -> bool:
        """Return whether some label holds; several that don't exclude each other may be known not to hold."""
        cats = example.reference.cats
        return not exclusive or any(value for label, value in cats.items() if label not in ignored_labels)

    return Scorer.score_cats(
        list(filter(has_gold, examples)),
        "cats",
        getter=known_cats,
        labels=labels,
        multi_label=not exclusive,
        positive_label=positive_label,
        threshold=threshold,
    )
