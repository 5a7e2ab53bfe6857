"""The three kinds of values in `doc.cats`: probabilities of labels that exclude each other or don't, and numbers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping
from math import isfinite
from typing import ClassVar

import numpy as np
from torch import Tensor

from ...errors import Errors, InvalidError
from ...types import MULTI_LABEL, REGRESSION, SINGLE_LABEL, Floats, Ints, ProblemType

Cats = Mapping[str, float]


class Kind(ABC):
    """What values mean: how they follow from logits, and which gold there is to learn from.

    problem_type: its name in a checkpoint's configuration. fewest_labels: how many labels a component must have.
    """

    problem_type: ClassVar[ProblemType]
    fewest_labels: ClassVar[int] = 1

    @abstractmethod
    def values(self, logits: Tensor) -> Tensor:
        """Return the values of logits, both (texts, labels)."""

    def is_annotated(self, cats: Cats) -> bool:
        """Return whether gold values can be learned from."""
        return bool(cats)

    def holding(self, cats: Cats) -> Counter[str]:
        """Return 1 for each label that holds, and 0 for the others."""
        return Counter({label: int(value > 0.5) for label, value in cats.items()})

    def check_value(self, label: str, value: float, text: str) -> None:
        """Raise ValueError for a gold value that is not possible. text: the beginning of its text."""
        if not 0 <= value <= 1:
            raise InvalidError(Errors.E311.format(label=label, value=value, text=text))

    def conflicts(self, values: Floats) -> Ints:
        """Return the rows of gold values, (texts, labels), whose labels can't hold together."""
        return np.empty(0, dtype=np.int64)


class ExclusiveLabels(Kind):
    """Exactly one label holds for a text: the probabilities sum to one."""

    problem_type = SINGLE_LABEL
    fewest_labels = 2

    def values(self, logits: Tensor) -> Tensor:
        """Return the softmax."""
        return logits.softmax(-1)

    def is_annotated(self, cats: Cats) -> bool:
        """Return whether any label holds."""
        return any(cats.values())

    def conflicts(self, values: Floats) -> Ints:
        """Return the rows in which more than one label holds."""
        return np.flatnonzero(values.sum(axis=1) > 1.001)


class IndependentLabels(Kind):
    """Any number of labels hold for a text: each has a probability of its own."""

    problem_type = MULTI_LABEL

    def values(self, logits: Tensor) -> Tensor:
        """Return the sigmoid."""
        return logits.sigmoid()


class Numbers(Kind):
    """Each label names a number, such as a similarity or a count of stars: a regression."""

    problem_type = REGRESSION

    def values(self, logits: Tensor) -> Tensor:
        """Return the logits: they are the numbers."""
        return logits

    def holding(self, cats: Cats) -> Counter[str]:
        """Return 1 for each number, whatever its size."""
        return Counter(dict.fromkeys(cats, 1))

    def check_value(self, label: str, value: float, text: str) -> None:
        """Raise ValueError for what is not finite."""
        if not isfinite(value):
            raise InvalidError(Errors.E360.format(label=label, value=value, text=text))


EXCLUSIVE, INDEPENDENT, NUMBERS = ExclusiveLabels(), IndependentLabels(), Numbers()
KINDS: dict[str, Kind] = {kind.problem_type: kind for kind in (EXCLUSIVE, INDEPENDENT, NUMBERS)}
