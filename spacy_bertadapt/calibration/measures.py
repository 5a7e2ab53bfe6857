"""How far probabilities are from shares of what is right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BINS = 15


@dataclass(frozen=True, slots=True)
class Reliability:
    """Decisions by confidence, in bins of equal width from 0 to 1.

    count: (bins,) decisions. confidence, accuracy: (bins,) their means; 0 in an empty bin.
    """

    count: NDArray
    confidence: NDArray
    accuracy: NDArray

    @property
    def error(self) -> float:
        """The expected calibration error (Naeini et al., 2015): the mean distance of the two, by count."""
        return float((self.count * np.abs(self.confidence - self.accuracy)).sum() / max(1.0, self.count.sum()))


def reliability(confidence: Sequence[float], is_right: Sequence[bool], *, bins: int = BINS) -> Reliability:
    """Return what a reliability diagram shows. confidence: (decisions,) from 0 to 1. is_right: (decisions,)."""
    values, right = np.asarray(confidence, dtype=np.float64), np.asarray(is_right, dtype=np.float64)
    place = np.minimum((values * bins).astype(np.int64), bins - 1)
    count = np.bincount(place, minlength=bins).astype(np.float64)
    total = np.maximum(count, 1)
    means = (np.bincount(place, weights=part, minlength=bins) / total for part in (values, right))
    return Reliability(count, *means)


def expected_calibration_error(confidence: Sequence[float], is_right: Sequence[bool], *, bins: int = BINS) -> float:
    """Return the expected calibration error, from 0 to 1: see `Reliability.error`."""
    return reliability(confidence, is_right, bins=bins).error
