"""What would change with another threshold: precision against recall, and accuracy against coverage."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..planning.report_rows import Doubles
from ..types import Bools
from .measures import prf_scores

STEPS = 101


@dataclass(frozen=True, slots=True)
class ThresholdCurve:
    """Precision, recall and F of what has at least some probability, (thresholds,) each, from 0 to 1."""

    thresholds: Doubles
    precision: Doubles
    recall: Doubles
    f: Doubles

    @property
    def best(self) -> int:
        """The place of the highest F; of equal ones the middle one."""
        places = np.flatnonzero(self.f >= np.nanmax(self.f) - 1e-12)
        return int(places[len(places) // 2])


def threshold_curve(values: Doubles, is_right: Bools, gold: int) -> ThresholdCurve:
    """Return the curve of predictions, (predictions,) both. gold: how many there are to be found."""
    thresholds = np.linspace(0, 1, STEPS)
    order = np.argsort(values)
    values, hits = values[order], np.append(0, np.cumsum(is_right[order]))
    first = np.searchsorted(values, thresholds - 1e-12)
    tp, predicted = hits[-1] - hits[first], len(values) - first
    precision, recall, f = prf_scores(tp.astype(float), predicted.astype(float), np.full(STEPS, float(gold)))
    return ThresholdCurve(thresholds, np.where(predicted > 0, precision, np.nan), recall, f)


def coverage_curve(confidence: Doubles, quality: Doubles, *, points: int = 200) -> tuple[Doubles, Doubles]:
    """Return shares of the texts, the most confident first, and the mean quality of each share, (points,) both."""
    order = np.argsort(-confidence, kind="stable")
    means = np.cumsum(quality[order]) / np.arange(1, len(order) + 1)
    fewest = min(len(order), max(20, len(order) // 20))  # the mean of a handful says nothing
    places = np.unique(np.linspace(fewest, len(order), points).astype(np.int64)) - 1
    return (places + 1) / len(order), means[places]
