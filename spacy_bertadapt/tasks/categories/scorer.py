"""Scores, under the names that spaCy's commands know."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

from spacy.scorer import Scorer
from spacy.tokens import Doc
from spacy.training import Example

from ...component.calibration import NEVER, NOT_CALIBRATED, Calibration
from ...component.unknown_labels import warn_of_unknown_labels
from .deciding import decide_one
from .number_scorer import score_by_kind, score_numbers

CENTRE = 0.5
BELOW_CENTRE = 0.4999999


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
    calibration: Calibration = NOT_CALIBRATED,
    **settings: Any,
) -> dict[str, Any]:
    """Return spaCy's `cats_*` scores for the component's own labels.

    labels, exclusive, threshold, positive_label: the component's. threshold None: 0.5; exclusive labels have none.
    ignored_labels: labels of the data that the component was told to ignore. Gold labels that neither it knows nor
    another component predicts are reported in a warning, as no prediction can match them. Examples without gold for
    any label are not scored.
    calibration: has the thresholds of labels. Those of labels that don't exclude each other take the place of
    `threshold`. Of exclusive ones the scores are those without thresholds, and beside them are cats_decided, the share
    of texts whose most probable label reaches its own, and cats_decided_acc, the share of these that are right.
    """
    examples = list(examples)
    gold = (label for example in examples for label, value in example.reference.cats.items() if value > 0.5)
    predicted = (label for example in examples for label in example.predicted.cats)
    warn_of_unknown_labels(gold, {*labels, *ignored_labels, *predicted})

    has_own = bool(calibration.thresholds)
    usual = CENTRE if threshold is None else threshold

    def known_cats(doc: Doc, attr: str) -> dict[str, float]:
        """Return nothing if none of the labels holds: spaCy would take the first of equal zeros for gold."""
        cats = {label: value for label, value in getattr(doc, attr).items() if label in labels}
        if has_own and not exclusive:
            cats = {label: centred(value, calibration.thresholds.get(label, usual)) for label, value in cats.items()}
        return cats if any(cats.values()) or not exclusive else {}

    def has_gold(example: Example) -> bool:
        """Return whether some label holds; several that don't exclude each other may be known not to hold."""
        cats = example.reference.cats
        return not exclusive or any(value for label, value in cats.items() if label not in ignored_labels)

    scored = list(filter(has_gold, examples))
    scores = Scorer.score_cats(
        scored,
        "cats",
        getter=known_cats,
        labels=labels,
        multi_label=not exclusive,
        positive_label=positive_label,
        threshold=CENTRE if has_own else threshold,
    )
    return {**scores, **_decided(scored, labels, calibration)} if has_own and exclusive else scores


def centred(value: float, threshold: float) -> float:
    """Return a probability in the same order as before, which is 0.5 or more if it reaches a threshold.

    spaCy scores all labels by one threshold.
    """
    if threshold >= NEVER:
        return value * BELOW_CENTRE
    if value < threshold:
        return value / threshold * BELOW_CENTRE
    return CENTRE + (value - threshold) / (1 - threshold) * CENTRE


def _decided(examples: Sequence[Example], labels: Sequence[str], calibration: Calibration) -> dict[str, float | None]:
    """Return the share of texts that are decided, and the share of these that are right; None of none."""
    right = []
    for example in examples:
        scores = {label: value for label, value in example.predicted.cats.items() if label in labels}
        label = decide_one(scores, calibration)
        if label is not None:
            right.append(example.reference.cats.get(label, 0.0) > CENTRE)
    return {
        "cats_decided": len(right) / len(examples) if examples else None,
        "cats_decided_acc": sum(right) / len(right) if right else None,
    }
