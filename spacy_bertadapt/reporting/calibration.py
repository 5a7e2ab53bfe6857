"""How often predictions are right that are made with some confidence."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..planning.report_rows import Doubles
from ..types import Bools, Ints

BINS = 15


@dataclass(frozen=True, slots=True)
class Calibration:
    """Predictions by their confidence, in bins of equal width from 0 to 1.

    counts: (bins,). confidence, accuracy: (bins,) means, NaN for an empty bin. error: the expected calibration error,
    the mean distance of the two over all predictions.
    """

    counts: Ints
    confidence: Doubles
    accuracy: Doubles
    error: float


def calibrate(confidence: Doubles, correct: Bools, bins: int = BINS) -> Calibration:
    """Return the bins of predictions, (predictions,) both; those without a confidence (NaN) are left out."""
    is_known = ~np.isnan(confidence)
    confidence, correct = confidence[is_known], correct[is_known]
    place = np.clip(np.ceil(confidence * bins).astype(np.int64) - 1, 0, bins - 1)
    counts = np.bincount(place, minlength=bins)
    sums = np.bincount(place, weights=confidence, minlength=bins)
    hits = np.bincount(place, weights=correct, minlength=bins)
    with np.errstate(invalid="ignore"):
        means, accuracy = sums / counts, hits / counts
    return Calibration(counts, means, accuracy, expected_calibration_error(confidence, correct, bins=bins))


def expected_calibration_error(confidence: Doubles, correct: Bools, bins: int = BINS) -> float:
    """Return the mean distance of confidence and accuracy over bins of equal width (Guo et al., 2017); NaN for none."""
    if not len(confidence):
        return float("nan")
    place = np.clip(np.ceil(confidence * bins).astype(np.int64) - 1, 0, bins - 1)
    gaps = np.bincount(place, weights=confidence - correct, minlength=bins)
    return float(np.abs(gaps).sum() / len(confidence))
