"""Thresholds of labels: for the best F1, or for a precision that is wanted."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from ..component.calibration import NEVER
from ..planning.decisions import Decisions

F1 = "f1"
FEWEST = 10
Z = 1.96
ROUNDED = 1e-6  # so that what a threshold is made of reaches it in float32 too


@dataclass(frozen=True, slots=True)
class Threshold:
    """A threshold of a label, and what it did to the decisions that it was found on.

    value: the least probability. precision, recall: of the decisions for the label. low, high: 95 % interval of the
    precision (Wilson, 1927). decided, total: how many of the decisions reach it. reached: whether the wanted precision
    is reached by 10 decisions or more; else the label is never decided for.
    """

    label: str
    value: float
    precision: float
    recall: float
    low: float
    high: float
    decided: int
    total: int
    reached: bool


def find_threshold(decisions: Decisions, label: str, *, precision: float | None) -> Threshold:
    """Return the threshold of a label. precision: the wanted one; None: that with the best F1.

    For a precision it is the least value from which on, and from every higher one with 10 decisions, the precision is
    as wanted, so that no lucky value is taken.
    """
    chosen = [number for number, name in enumerate(decisions.label) if name == label]
    confidence = np.array([decisions.confidence[number] for number in chosen])
    right = np.array([decisions.is_right[number] for number in chosen], dtype=np.float64)
    order = np.argsort(-confidence, kind="stable")
    confidence, right = confidence[order], right[order]
    last = np.append(confidence[1:] != confidence[:-1], True) if len(confidence) else np.zeros(0, dtype=bool)
    counts, hits = np.arange(1, len(right) + 1), np.cumsum(right)
    gold = max(1, decisions.gold[label])
    if precision is None:
        f1 = np.where(last, 2 * hits / (counts + gold), -1.0)
        place = int(f1.argmax()) if len(f1) else -1
    else:
        place = _last_good(hits / np.maximum(counts, 1), counts, last, precision)
    if place < 0:
        return Threshold(label, NEVER, 0.0, 0.0, 0.0, 1.0, 0, len(chosen), reached=False)
    hit, count = float(hits[place]), int(counts[place])
    low, high = wilson(hit, count)
    value = max(0.0, round(float(confidence[place]) - ROUNDED, 6))
    return Threshold(label, value, hit / count, hit / gold, low, high, count, len(chosen), reached=True)


def wilson(right: float, count: int) -> tuple[float, float]:
    """Return the 95 % interval of a share (Wilson, 1927)."""
    if not count:
        return 0.0, 1.0
    share = right / count
    middle, width = share + Z**2 / (2 * count), Z * sqrt(share * (1 - share) / count + Z**2 / (4 * count**2))
    return (middle - width) / (1 + Z**2 / count), (middle + width) / (1 + Z**2 / count)


def _last_good(precision: NDArray, counts: NDArray, is_border: NDArray, wanted: float) -> int:
    """Return the last place before the precision falls below the wanted one for the first time; -1 if there is none."""
    looked_at = np.flatnonzero(is_border & (counts >= FEWEST))
    bad = np.flatnonzero(precision[looked_at] < wanted)
    good = looked_at[: bad[0]] if len(bad) else looked_at
    return int(good[-1]) if len(good) else -1
