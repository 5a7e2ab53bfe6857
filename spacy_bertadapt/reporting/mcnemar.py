"""McNemar's test (1947): whether two classifiers are right equally often, by the texts on which one alone is."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, lgamma, log

from ..types import Bools


@dataclass(frozen=True, slots=True)
class McNemar:
    """How many texts the first alone got right, how many the second alone, and the exact two-sided probability."""

    only_first: int
    only_second: int
    p: float


def mcnemar(first: Bools, second: Bools) -> McNemar:
    """Return the exact test of which texts each got right, (texts,) both."""
    one, other = int((first & ~second).sum()), int((second & ~first).sum())
    return McNemar(one, other, _binomial_p(min(one, other), one + other))


def _binomial_p(smaller: int, total: int) -> float:
    """Return the probability that a fair coin gives so few of a side, or of the other one, in `total` throws."""
    tail = sum(exp(_log_choose(total, k) - total * log(2)) for k in range(smaller + 1))
    return min(1.0, 2 * tail)


def _log_choose(total: int, k: int) -> float:
    return lgamma(total + 1) - lgamma(k + 1) - lgamma(total - k + 1)
