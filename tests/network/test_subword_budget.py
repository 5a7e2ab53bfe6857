"""Work on rows goes on from where a device was full, with less at once."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch

from spacy_bertadapt.errors import OutOfMemoryError
from spacy_bertadapt.network.device_memory import CPU_SUBWORDS, GPU_SUBWORDS, SubwordBudget, default_budget
from spacy_bertadapt.types import Ints


class Device:
    """Does work on rows as long as their padded size fits."""

    def __init__(self, lengths: Ints, capacity: int, error: BaseException | None = None, windows: Ints | None = None):
        self.lengths = lengths
        self.capacity = capacity
        self.error = error or RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB")
        self.windows = np.ones_like(lengths) if windows is None else windows
        self.tried: list[list[int]] = []

    def work(self, rows: Ints) -> list[int]:
        self.tried.append(rows.tolist())
        if self.windows[rows].sum() * self.lengths[rows].max() > self.capacity:
            raise self.error
        return rows.tolist()


def work_through(budget: SubwordBudget, device: Device) -> list[list[int]]:
    rows = np.argsort(device.lengths, kind="stable")
    return list(budget.work_through(rows, device.lengths[rows], device.work, windows=device.windows[rows]))


def test_rows_go_in_runs_within_the_budget() -> None:
    device = Device(np.array([4, 2, 8, 2, 4]), capacity=100)
    assert work_through(SubwordBudget(8), device) == [[1, 3], [0, 4], [2]]
    assert work_through(SubwordBudget(100), device) == [[1, 3, 0, 4, 2]]
    assert work_through(SubwordBudget(1), device) == [[1], [3], [0], [4], [2]], "a row beyond it goes alone"


@pytest.mark.parametrize("error", [None, MemoryError(), torch.OutOfMemoryError("CUDA out of memory")])
def test_a_full_device_gets_half_and_goes_on_where_it_was(error: BaseException | None) -> None:
    device, budget = Device(np.full(8, 10), capacity=40, error=error), SubwordBudget(1000)
    with pytest.warns(UserWarning, match=r"W302.* 40 ") as caught:
        results = work_through(budget, device)
    assert results == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert device.tried == [list(range(8)), [0, 1, 2, 3], [4, 5, 6, 7]]
    assert budget.subwords == 40
    assert len(caught) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert work_through(budget, device) == results, "it is remembered"


def test_what_was_done_is_not_done_again() -> None:
    """Short rows fit as many as the budget allows; the long ones at the end do not."""
    lengths = np.array([2, 2, 2, 2, 8, 8, 8, 8])
    device, budget = Device(lengths, capacity=16), SubwordBudget(32)
    with pytest.warns(UserWarning, match="W302"):
        results = work_through(budget, device)
    assert results == [[0, 1, 2, 3], [4, 5], [6, 7]]
    assert sorted(row for result in results for row in result) == list(range(8))
    assert device.tried[0] == [0, 1, 2, 3]
    assert sum(0 in rows for rows in device.tried) == 1


def test_it_halves_until_a_single_row_fits() -> None:
    device, budget = Device(np.full(8, 10), capacity=10), SubwordBudget(1000)
    with pytest.warns(UserWarning, match="W302") as caught:
        results = work_through(budget, device)
    assert results == [[row] for row in range(8)]
    assert [len(rows) for rows in device.tried[:4]] == [8, 4, 2, 1]
    assert len(caught) == 3


def test_a_single_row_too_large_is_an_error_with_its_cause() -> None:
    device = Device(np.array([4, 50]), capacity=40)
    results = SubwordBudget(60).work_through(np.arange(2), device.lengths, device.work)
    assert next(results) == [0]
    with pytest.raises(OutOfMemoryError, match=r"E307.*1 windows of 50") as caught:
        next(results)
    assert caught.value.__cause__ is device.error
    assert isinstance(caught.value, MemoryError)


def test_rows_that_stand_for_several_windows_count_as_many() -> None:
    windows = np.array([1, 1, 6])
    device = Device(np.array([10, 10, 10]), capacity=60, windows=windows)
    assert work_through(SubwordBudget(60), device) == [[0, 1], [2]]
    device = Device(np.array([10, 10, 10]), capacity=50, windows=windows)
    with pytest.raises(OutOfMemoryError, match=r"E307.*6 windows of 10"):
        work_through(SubwordBudget(60), device)


@pytest.mark.parametrize(
    "error",
    [RuntimeError("mat1 and mat2 shapes cannot be multiplied"), ValueError("out of memory"), KeyboardInterrupt()],
)
def test_other_errors_pass_as_they_are(error: BaseException) -> None:
    device, budget = Device(np.full(4, 10), capacity=20, error=error), SubwordBudget(1000)
    with pytest.raises(type(error)) as caught:
        work_through(budget, device)
    assert caught.value is error
    assert budget.subwords == 1000
    assert len(device.tried) == 1


def test_no_rows_are_no_work() -> None:
    nothing = np.zeros(0, dtype=np.int64)
    assert list(SubwordBudget(8).work_through(nothing, nothing, lambda rows: rows)) == []


def test_a_device_takes_so_much_by_default() -> None:
    assert default_budget(torch.device("cpu")) == CPU_SUBWORDS
    assert default_budget(torch.device("cuda:0")) == default_budget(torch.device("mps")) == GPU_SUBWORDS
