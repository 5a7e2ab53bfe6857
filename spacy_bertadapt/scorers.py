"""Scores, under the names that spaCy's commands know."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from spacy import registry
from spacy.scorer import Scorer
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

    labels, exclusive, threshold, positive_label: the component's. threshold None: 0.5, or none if exclusive.
    Gold labels that the component doesn't know are counted and reported: no prediction can match them.
    """
    examples = list(examples)
    _report_unknown(examples, labels)
    return Scorer.score_cats(
        examples,
        "cats",
        labels=labels,
        multi_label=not exclusive,
        positive_label=positive_label,
        threshold=threshold if threshold is not None else (0.0 if exclusive else 0.5),
    )


def _report_unknown(examples: Iterable[Example], labels: Sequence[str]) -> None:
    gold = Counter(label for eg in examples for label, value in eg.reference.cats.items() if value > 0.5)
    unknown = {label: count for label, count in gold.items() if label not in labels}
    if unknown:
        message = Warnings.W305.format(name="bert_textcat", count=sum(unknown.values()), labels=unknown)
        warnings.warn(message, stacklevel=2)
