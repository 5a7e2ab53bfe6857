"""Runs of rows whose padded size stays within a budget of subwords."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np

from ..types import Ints


def cut_by_budget(
    lengths: Ints | Sequence[int], budget: int, *, weights: Ints | Sequence[int] | None = None
) -> Iterator[slice]:
    """Yield runs of rows, each as long as its padded size allows, that cover all rows from left to right.

    lengths: (rows,) subwords of each row, sorted, rising or falling.
    budget: the largest padded size of a run: its rows, or the sum of their weights, times its longest row. A single row
    beyond the budget is a run of its own.
    weights: (rows,) how many padded rows each row stands for, such as the windows of a text; None: one.
    """
    sizes = np.asarray(lengths, dtype=np.int64).tolist()
    counts = np.ones(len(sizes), dtype=np.int64) if weights is None else np.asarray(weights, dtype=np.int64)
    before = [0, *np.cumsum(counts).tolist()]

    def padded_size(start: int, stop: int) -> int:
        return (before[stop] - before[start]) * max(sizes[start], sizes[stop - 1])

    start, stops = 0, range(len(sizes) + 1)
    while start < len(sizes):
        # The padded size never falls as the run grows, so its end can be found by bisection.
        stop = bisect_right(stops, budget, lo=start + 2, key=partial(padded_size, start)) - 1
        yield slice(start, stop)
        start = stop
