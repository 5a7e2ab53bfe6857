"""Weights for labels of unequal size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..errors import Errors, InvalidError, require
from .losses import ClassWeights


def resolve_class_weights(
    wanted: ClassWeights, labels: Sequence[str], counts: Mapping[str, int], *, texts: int, exclusive: bool
) -> list[float] | None:
    """Return one weight a label, in the labels' order, or None for no weights.

    wanted: by label (1.0 for those not named), "balanced", or None. counts: texts with each label; texts: in all.
    Balanced exclusive labels weigh texts / (labels * count), as scikit-learn has it, so that the mean over the
    data is 1; balanced labels of a multi-label task weigh their positives (texts - count) / count.
    Raises ValueError for unknown labels, negative weights, and for "balanced" without data.
    """
    if wanted is None:
        return None
    if wanted == "balanced":
        if not texts:
            raise InvalidError(Errors.E310)
        return [_balanced(max(1, counts.get(label, 0)), texts, len(labels), exclusive) for label in labels]
    unknown = sorted(set(wanted) - set(labels))
    if unknown:
        raise InvalidError(Errors.E309.format(unknown=unknown, labels=list(labels)))
    possible = all(weight >= 0 for weight in wanted.values())
    require("class_weights", wanted, possible=possible, remedy="use numbers from 0")
    return [float(wanted.get(label, 1.0)) for label in labels]


def are_class_weights(value: object, count: int) -> bool:
    """Return whether a value is what `resolve_class_weights` returns for so many labels."""
    if not isinstance(value, list) or len(value) != count:
        return False
    return all(isinstance(weight, int | float) and not isinstance(weight, bool) and weight >= 0 for weight in value)


def _balanced(count: int, texts: int, n_labels: int, exclusive: bool) -> float:
    return texts / (n_labels * count) if exclusive else max(1.0, texts - count) / count
