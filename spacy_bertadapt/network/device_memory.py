"""A budget of subwords that shrinks when a device runs out of memory."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import TypeVar

import numpy as np
import torch

from ..errors import Errors, OutOfMemoryError, Warnings
from ..subwords.budget import cut_by_budget
from ..types import Ints

CPU_SUBWORDS = 2048
GPU_SUBWORDS = 32768
PHRASES = (
    "out of memory",  # CUDA and MPS
    "can't allocate memory",  # torch's CPU allocator; on Windows the next
    "not enough memory",
    "cannot allocate memory",
    "bad_alloc",  # C++ under torch
    "alloc_failed",  # cuBLAS and cuDNN
    "could not create a primitive",  # oneDNN, which does not say why
    "could not create a memory",
    "could not execute a primitive",
)
Result = TypeVar("Result")


class SubwordBudget:
    """How many padded subwords go through a network at once."""

    def __init__(self, subwords: int):
        """subwords: the budget at the start."""
        self.subwords = subwords

    def work_through(
        self, rows: Ints, lengths: Ints, work: Callable[[Ints], Result], *, windows: Ints | None = None
    ) -> Iterator[Result]:
        """Do work on runs of rows within the budget; if the device runs out of memory, halve it and try again.

        rows: (n,) sorted by length. lengths: (n,) subwords of each. work: takes some of the rows; it must not change
        anything when it fails. windows: (n,) how many rows of its length each stands for; None: one.
        Raises MemoryError if the memory is too small for a single row.
        """
        windows = np.ones(len(rows), dtype=np.int64) if windows is None else windows
        start = 0
        while start < len(rows):
            size = next(cut_by_budget(lengths[start:], self.subwords, weights=windows[start:])).stop
            run = slice(start, start + size)
            try:
                result = work(rows[run])
            except (RuntimeError, MemoryError) as err:
                if not is_out_of_memory(err):
                    raise
                self._shrink(windows[run], lengths[run], err)
            else:
                yield result
                start += size

    def _shrink(self, windows: Ints, lengths: Ints, err: BaseException) -> None:
        width = int(lengths.max())
        if len(windows) == 1:
            raise OutOfMemoryError(Errors.E307.format(rows=int(windows[0]), width=width)) from err
        self.subwords = max(1, min(int(windows.sum()) * width, self.subwords) // 2)
        warnings.warn(Warnings.W302.format(budget=self.subwords), stacklevel=2)


def default_budget(device: torch.device) -> int:
    """Return how many padded subwords a device takes at once, if no setting says how many."""
    return CPU_SUBWORDS if device.type == "cpu" else GPU_SUBWORDS


def is_out_of_memory(err: BaseException) -> bool:
    """Return whether an error says that a device (or the CPU's allocator) has no memory left."""
    if isinstance(err, (MemoryError, torch.OutOfMemoryError)):
        return True
    return isinstance(err, RuntimeError) and any(phrase in str(err).lower() for phrase in PHRASES)
