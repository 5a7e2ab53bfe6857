"""Scores, under the names that spaCy's commands know."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from spacy import registry
from spacy.scorer import Scorer
from spacy.tokens import Doc
from spacy.training import Example

from .errors import Warnings


@registry.scorers("spacy-bertadapt.TextcatScorer.v1")
def make_textcat_scorer() -> Callable[..., dict[str, Any]]:
    """Scores `doc.cats`: see `score_cats`."""
    return score_cats


def score_cats(
    examples: Iterable[Example],
    *,
    labels: Sequence[str],
    exclusive: bool,
    threshold: float | None = None,
    positive_label: str | None = None,
    **settings: Any,
) -> dict[str, Any]:
    """spaCy's `cats_*` scores, of the component's own labels.

    labels, exclusive, threshold, positive_label: the component's. threshold None: 0.5; exclusive labels have none.
    Gold labels that the component doesn't know are counted and reported: no prediction can match them.
    """
    examples = list(examples)
    _report_unknown(examples, labels)

    def known_cats(doc: Doc, attr: str) -> dict[str, float]:
        """Nothing, where none of the component's labels holds: spaCy would take the first of equal zeros for gold."""
        cats = {label: value for label, value in getattr(doc, attr).items() if label in labels}
        return cats if any(cats.values()) or not exclusive else {}

    return Scorer.score_cats(
        examples,
        "cats",
        getter=known_cats,
        labels=labels,
        multi_label=not exclusive,
        positive_label=positive_label,
        threshold=threshold,
    )


def _report_unknown(examples: Iterable[Example], labels: Sequence[str]) -> None:
    gold = Counter(label for eg in examples for label, value in eg.reference.cats.items() if value > 0.5)
    unknown = {label: count for label, count in gold.items() if label not in labels}
    if unknown:
        message = Warnings.W305.format(count=sum(unknown.values()), labels=unknown)
        warnings.warn(message, stacklevel=2)
