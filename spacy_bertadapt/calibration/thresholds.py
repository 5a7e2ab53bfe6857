"""Thresholds of labels: for the best F1, or for a precision that is wanted."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, log, log1p, sqrt

import numpy as np
from numpy.typing import NDArray

from ..component.calibration import NEVER
from ..planning.decisions import Decisions

F1 = "f1"
SURE = 0.9  # how sure it is to be that new data have the wanted precision too
Z = 1.96
ROUNDED = 1e-6  # so that what a threshold is made of reaches it in float32 too


@dataclass(frozen=True, slots=True)
class Threshold:
    """A threshold of a label, and what it did to the decisions that it was found on.

    value: the least probability. precision, recall: of the decisions for the label. low, high: 95 % interval of the
    precision (Wilson, 1927). decided, total: how many of the decisions reach it. reached: whether there is such a
    threshold; else the label is never decided for.
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

    For a precision it is the least value of which one can be 90 % sure: were the precision of new decisions below the
    wanted one, so few of these decisions would be wrong in a tenth of all samples of this size at most (the bound of
    Clopper and Pearson, 1934). A value that merely has the precision here would hold in half of all cases.
    """
    chosen = [number for number, name in enumerate(decisions.label) if name == label]
    confidence = np.array([decisions.ranking[number] for number in chosen])
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
        place = _last_sure(counts - hits, counts, last, precision)
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


def fewest_decisions(precision: float) -> int:
    """Return how many decisions, all of them right, are needed at least to be sure of a precision below 1."""
    return ceil(log(1 - SURE) / log(precision))


def chance_of_so_few(wrong: int, count: int, rate: float) -> float:
    """Return the chance that of `count` decisions at most `wrong` are wrong, if each is at a rate (binomial)."""
    number = np.arange(wrong + 1, dtype=np.float64)
    log_ways = np.concatenate([[0.0], np.cumsum(np.log((count - number[:-1]) / (number[:-1] + 1)))])
    return float(np.exp(log_ways + number * log(rate) + (count - number) * log1p(-rate)).sum())


def _last_sure(wrong: NDArray, counts: NDArray, is_border: NDArray, wanted: float) -> int:
    """Return the last place down to which one can be sure of the precision; -1 if there is none."""
    possible = np.flatnonzero(is_border & (wrong <= (1 - wanted) * counts))
    for place in possible[::-1].tolist():
        if chance_of_so_few(int(wrong[place]), int(counts[place]), 1 - wanted) <= 1 - SURE:
            return place
    return -1
