"""A warning of labels in evaluation data that no component knows."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Collection, Iterable

from ..errors import Warnings


def warn_of_unknown_labels(gold: Iterable[str], known: Collection[str]) -> None:
    """Warn of labels that no prediction can match. gold: one for each annotation. known: all that may be predicted."""
    unknown = {label: count for label, count in Counter(gold).items() if label not in known}
    if unknown:
        warnings.warn(Warnings.W305.format(count=sum(unknown.values()), labels=unknown), stacklevel=3)
