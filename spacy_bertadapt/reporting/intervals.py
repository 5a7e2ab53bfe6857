"""How far scores would move with other texts of the same kind: the bootstrap (Efron, 1979)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..planning.report_rows import Doubles
from ..types import Ints
from .measures import Measure, whole

DRAWS, SEED, LEVEL = 1000, 0, 0.95
AT_ONCE = 5_000_000
"""Weights in memory at a time."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A score of all texts, and the limits between which 95 % of the bootstrap's draws are; NaN if it has no value."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Difference:
    """The score of one pipeline and of another on the same texts.

    low, high: 95 % of the draws of second - first are between them. p: twice the share of the draws on the other side
    of 0, 1 at most: how probable so large a difference is where there is none.
    """

    first: float
    second: float
    low: float
    high: float
    p: float

    @property
    def value(self) -> float:
        """How much higher the second is."""
        return self.second - self.first


def intervals(measure: Measure, *, draws: int = DRAWS) -> dict[str, Interval]:
    """Return every score with its percentile interval, of texts drawn with replacement; the seed is fixed."""
    if not len(measure.units):
        return {}
    parts = [dict(measure(weights)) for weights in drawn_weights(measure.units, draws)]
    limits = {title: _limits(np.concatenate([part[title] for part in parts])) for title in parts[0]}
    return {title: Interval(value, *limits[title]) for title, value in whole(measure).items()}


def differences(first: Measure, second: Measure, *, draws: int = DRAWS) -> dict[str, Difference]:
    """Return the scores that both measures have, compared on the same draws of texts. Their rows are the same texts."""
    if not len(first.units):
        return {}
    pairs, units = np.unique(np.stack([first.units, second.units], axis=1), axis=0, return_inverse=True)
    parts = []
    for weights in drawn_weights(units.reshape(-1), draws):
        one, other = (measure(_regrouped(weights, pairs[:, side])) for side, measure in enumerate((first, second)))
        parts.append({title: other[title] - one[title] for title in one if title in other})
    values = whole(first), whole(second)
    return {
        title: _difference(values[0][title], values[1][title], [part[title] for part in parts]) for title in parts[0]
    }


def drawn_weights(units: Ints, draws: int) -> Iterator[Doubles]:
    """Yield how often each unit is drawn, (some draws, units), where as many texts are drawn as there are.

    Units of many texts are drawn at once, which is the same distribution as text by text.
    """
    rng = np.random.default_rng(SEED)
    counts = np.bincount(units)
    at_once = max(1, min(draws, AT_ONCE // len(counts)))
    for start in range(0, draws, at_once):
        size = min(at_once, draws - start)
        if len(counts) * 4 < len(units):
            yield rng.multinomial(len(units), counts / len(units), size=size).astype(np.float64)
        else:
            picked = units[rng.integers(0, len(units), size=(size, len(units)))]
            yield np.stack([np.bincount(row, minlength=len(counts)) for row in picked]).astype(np.float64)


def _regrouped(weights: Doubles, units: Ints) -> Doubles:
    """Return the weights of the units that columns stand for, (draws, units)."""
    order = np.argsort(units, kind="stable")
    starts = np.flatnonzero(np.diff(units[order], prepend=-1))
    return np.add.reduceat(weights[:, order], starts, axis=1)


def _limits(values: Doubles) -> tuple[float, float]:
    values = values[~np.isnan(values)]
    if not len(values):
        return np.nan, np.nan
    low, high = np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def _difference(first: float, second: float, parts: list[Doubles]) -> Difference:
    values = np.concatenate(parts)
    values = values[~np.isnan(values)]
    if not len(values):
        return Difference(first, second, np.nan, np.nan, np.nan)
    side = min(np.count_nonzero(values <= 0), np.count_nonzero(values >= 0))
    return Difference(first, second, *_limits(values), p=min(1.0, 2 * (side + 1) / (len(values) + 1)))
