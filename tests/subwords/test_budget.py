"""Runs of rows are as long as the budget allows, and no longer."""

from __future__ import annotations

from time import perf_counter

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from spacy_bertadapt.subwords.budget import cut_by_budget

ROWS = st.lists(st.tuples(st.integers(0, 50), st.integers(1, 6)), max_size=40)


def cut_row_by_row(lengths: list[int], budget: int, weights: list[int]) -> list[slice]:
    """The definition: a row joins the run as long as the run stays within the budget."""
    runs, start = [], 0
    for stop in range(1, len(lengths) + 1):
        is_full = stop == len(lengths) or sum(weights[start : stop + 1]) * max(lengths[start : stop + 1]) > budget
        if is_full:
            runs.append(slice(start, stop))
            start = stop
    return runs


@given(rows=ROWS, budget=st.integers(-1, 300), falling=st.booleans())
@example(rows=[(0, 1)] * 5, budget=2, falling=False)
@example(rows=[(60, 1), (60, 1)], budget=1, falling=True)
def test_runs_are_those_of_the_definition(rows: list[tuple[int, int]], budget: int, falling: bool) -> None:
    lengths = sorted((length for length, _ in rows), reverse=falling)
    weights = [weight for _, weight in rows]
    assert list(cut_by_budget(lengths, budget)) == cut_row_by_row(lengths, budget, [1] * len(rows))
    assert list(cut_by_budget(lengths, budget, weights=weights)) == cut_row_by_row(lengths, budget, weights)


@given(rows=ROWS, budget=st.integers(1, 300), falling=st.booleans())
def test_runs_cover_all_rows_within_the_budget(rows: list[tuple[int, int]], budget: int, falling: bool) -> None:
    lengths = np.sort(np.array([length for length, _ in rows], dtype=np.int64))[:: -1 if falling else 1]
    weights = np.array([weight for _, weight in rows], dtype=np.int64)
    runs = list(cut_by_budget(lengths, budget, weights=weights))
    numbers = np.arange(len(rows))
    assert [number for run in runs for number in numbers[run].tolist()] == numbers.tolist()
    for run in runs:
        assert len(numbers[run]) == 1 or weights[run].sum() * lengths[run].max() <= budget


def test_no_rows_are_no_runs() -> None:
    assert list(cut_by_budget([], 100)) == []
    assert list(cut_by_budget(np.zeros(0, dtype=np.int64), 100, weights=np.zeros(0, dtype=np.int64))) == []


@pytest.mark.parametrize("step", [1, -1])
def test_many_rows_are_cut_in_no_time(step: int) -> None:
    lengths = np.sort(np.random.default_rng(0).integers(3, 512, 100_000))[::step]
    started = perf_counter()
    runs = list(cut_by_budget(lengths, 2048))
    assert perf_counter() - started < 5
    assert runs[-1].stop == len(lengths)
