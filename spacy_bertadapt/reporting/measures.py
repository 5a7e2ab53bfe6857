"""Scores as functions of how often each text counts: what a bootstrap draws again and again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ..planning.report_rows import Doubles
from ..types import Bools, Ints

Scores = Mapping[str, Doubles]
"""By title: (draws,) values, NaN where a draw has nothing to score."""


class Measure(Protocol):
    """Scores of rows."""

    @property
    def units(self) -> Ints:
        """(rows,) the unit of each row: rows of one unit change the scores in the same way, whichever is drawn."""

    def __call__(self, weights: Doubles) -> Scores:
        """Return the scores where units count as often as the weights say, (draws, units)."""

    def of(self, rows: Bools) -> Measure:
        """Return the measure of some of the rows, (rows,)."""


@dataclass(frozen=True)
class Sums:
    """A measure that follows from sums over the texts, such as counts of hits and misses.

    units: see `Measure`. table: (units, sums) what a text of each unit adds. score: returns scores of sums, (draws,
    sums).
    """

    units: Ints
    table: Doubles
    score: Callable[[Doubles], Scores]

    @classmethod
    def of_rows(cls, rows: Doubles, score: Callable[[Doubles], Scores]) -> Sums:
        """Return the measure of what each text adds, (texts, sums)."""
        table, units = np.unique(rows, axis=0, return_inverse=True)
        return cls(units.reshape(-1), table, score)

    def __call__(self, weights: Doubles) -> Scores:
        """Return the scores of weighted units."""
        return self.score(weights @ self.table)

    def of(self, rows: Bools) -> Sums:
        """Return the measure of some of the rows."""
        kept, units = np.unique(self.units[rows], return_inverse=True)
        return Sums(units.reshape(-1), self.table[kept], self.score)


def divide(numerators: Doubles, denominators: Doubles, *, empty: float = np.nan) -> Doubles:
    """Return quotients, and a value of its own where there is nothing to divide by."""
    return np.divide(numerators, denominators, out=np.full(numerators.shape, empty), where=denominators > 0)


def prf_scores(tp: Doubles, predicted: Doubles, gold: Doubles) -> tuple[Doubles, Doubles, Doubles]:
    """Return precision, recall and F of counts; as in spaCy, 0 where there is nothing to divide by."""
    precision, recall = divide(tp, predicted, empty=0.0), divide(tp, gold, empty=0.0)
    return precision, recall, divide(2 * tp, predicted + gold, empty=0.0)


def whole(measure: Measure) -> dict[str, float]:
    """Return the scores where every text counts once."""
    size = int(measure.units.max()) + 1 if len(measure.units) else 0
    weights = np.bincount(measure.units, minlength=size).astype(np.float64)[None]
    return {title: float(values[0]) for title, values in measure(weights).items()}
