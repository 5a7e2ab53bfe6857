"""How often predictions are right that are made with some confidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..planning.report_rows import Doubles
from ..types import Ints

BINS = 15


@dataclass(frozen=True, slots=True)
class Reliability:
    """Predictions by their confidence, in bins of equal width from 0 to 1.

    counts: (bins,). confidence, accuracy: (bins,) means, NaN for an empty bin. error: the expected calibration error,
    the mean distance of the two over all predictions (Naeini et al., 2015); NaN for none.
    """

    counts: Ints
    confidence: Doubles
    accuracy: Doubles
    error: float


def reliability(
    confidence: Sequence[float] | NDArray, correct: Sequence[bool] | NDArray, bins: int = BINS
) -> Reliability:
    """Return the bins of predictions, (predictions,) both; those without a confidence (NaN) are left out."""
    values, right = np.asarray(confidence, dtype=np.float64), np.asarray(correct, dtype=np.float64)
    is_known = ~np.isnan(values)
    values, right = values[is_known], right[is_known]
    place = np.clip(np.ceil(values * bins).astype(np.int64) - 1, 0, bins - 1)
    counts = np.bincount(place, minlength=bins)
    sums, hits = (np.bincount(place, weights=part, minlength=bins) for part in (values, right))
    with np.errstate(invalid="ignore"):
        means, accuracy = sums / counts, hits / counts
    error = float(np.abs(sums - hits).sum() / len(values)) if len(values) else float("nan")
    return Reliability(counts, means, accuracy, error)


def expected_calibration_error(
    confidence: Sequence[float] | NDArray, correct: Sequence[bool] | NDArray, bins: int = BINS
) -> float:
    """Return the mean distance of confidence and accuracy over bins of equal width: see `Reliability.error`."""
    return reliability(confidence, correct, bins=bins).error
