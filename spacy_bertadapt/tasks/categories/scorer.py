"""Scores, under the names that spaCy's commands know."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from spacy.scorer import PRFScore, Scorer
from spacy.tokens import Doc
from spacy.training import Example

from ...errors import Warnings


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
    ignored_labels: Sequence[str] = (),
    **settings: Any,
) -> dict[str, Any]:
    """spaCy's `cats_*` scores, of the component's own labels.

    labels, exclusive, threshold, positive_label: the component's. threshold None: 0.5; exclusive labels have none.
    ignored_labels: those of other components. Gold labels that are nobody's are counted and reported: no prediction
    can match them.
    """
    examples = list(examples)
    _report_unknown(examples, {*labels, *ignored_labels})

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


def make_nli_scorer() -> Callable[..., dict[str, Any]]:
    """Scores how premises bear on hypotheses: see `score_nli`."""
    return score_nli


def score_nli(examples: Iterable[Example], *, labels: Sequence[str], **settings: Any) -> dict[str, Any]:
    """Accuracy and its parts, beside spaCy's `cats_*`, which `spacy evaluate` prints.

    labels: the component's. A pair is scored if some label holds for it; the answer is the most probable one.
    Returns nli_acc; nli_macro_f, the mean of the labels' F; nli_per_type: p, r and f by label; nli_confusion: counts
    by gold label and answer. The scores are None where there is no gold.
    """
    examples = list(examples)
    confusion: dict[str, Counter[str]] = {label: Counter(dict.fromkeys(labels, 0)) for label in labels}
    for example in examples:
        gold, found = (_best(doc.cats, among) for doc, among in ((example.y, None), (example.x, labels)))
        if gold is not None and found is not None:
            confusion.setdefault(gold, Counter()).update([found])
    return {
        **_nli_scores(confusion, labels),
        "nli_confusion": {gold: dict(found) for gold, found in confusion.items()},
        **score_cats(examples, labels=labels, **settings),
    }


def _nli_scores(confusion: dict[str, Counter[str]], labels: Sequence[str]) -> dict[str, Any]:
    total = sum(found.total() for found in confusion.values())
    if not total:
        return {"nli_acc": None, "nli_macro_f": None, "nli_per_type": None}
    per_type = {label: PRFScore() for label in labels}
    for label, score in per_type.items():
        score.tp = confusion[label][label]
        score.fn = confusion[label].total() - score.tp
        score.fp = sum(found[label] for found in confusion.values()) - score.tp
    return {
        "nli_acc": sum(score.tp for score in per_type.values()) / total,
        "nli_macro_f": sum(score.fscore for score in per_type.values()) / len(labels),
        "nli_per_type": {label: score.to_dict() for label, score in per_type.items()},
    }


def _best(cats: Mapping[str, float], among: Sequence[str] | None) -> str | None:
    """The label with the highest value above 0."""
    values = {label: value for label, value in cats.items() if value > 0 and (among is None or label in among)}
    return max(values, key=values.__getitem__) if values else None


def _report_unknown(examples: Iterable[Example], known: Collection[str]) -> None:
    gold = Counter(label for eg in examples for label, value in eg.reference.cats.items() if value > 0.5)
    unknown = {label: count for label, count in gold.items() if label not in known}
    if unknown:
        message = Warnings.W305.format(count=sum(unknown.values()), labels=unknown)
        warnings.warn(message, stacklevel=2)
