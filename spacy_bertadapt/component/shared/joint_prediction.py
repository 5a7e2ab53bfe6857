"""One forward pass of an encoder over the windows that several readers want: each window once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from ...network.device_memory import SubwordBudget
from ...network.inputs import to_device
from ...network.network import Network
from ...network.process_forks import refuse_forked_gpu
from ...subwords.batches import WindowBatch, group_by_length
from ...subwords.budget import cut_by_budget
from ...subwords.unique_windows import unique_windows
from ...types import Ints, PaddedBatch


class Reader(Protocol):
    """Reads windows, and computes something from their hidden states. batch: its windows."""

    @property
    def batch(self) -> WindowBatch:
        """The windows that it wants."""

    def read(self, states: Tensor, windows: Ints) -> Callable[[], None]:
        """Compute from the hidden states of some of its windows, (windows, width, hidden), which are not kept.

        windows: their numbers in the batch. The width is that of the longest of them. Returns a function that keeps the
        result, and allocates nothing on the device: before that, nothing has changed, and the same may be read again.
        """


def read_jointly(network: Network, budget: SubwordBudget, readers: Sequence[Reader]) -> None:
    """Run an encoder over the windows of readers, and give each the hidden states of its own.

    network: of the encoder. budget: how many padded subwords go through it at once.
    """
    refuse_forked_gpu(network.device)
    unique, places = unique_windows([reader.batch for reader in readers])
    lengths = unique.lengths
    row_of = np.full(len(unique), -1, dtype=np.int64)

    def run(rows: Ints) -> None:
        states = network.encode(network.batch(unique.padded(rows)))
        results = []
        row_of[rows] = np.arange(len(rows))
        try:
            for reader, place in zip(readers, places, strict=True):
                for windows in _runs(reader.batch, np.flatnonzero(row_of[place] >= 0), budget.subwords):
                    width = int(reader.batch.lengths[windows].max())
                    results.append(reader.read(_rows(states, row_of[place[windows]], width), windows))
        finally:
            row_of[rows] = -1
        for keep in results:  # after all have computed, as the memory may not have been enough for the last of them
            keep()

    with torch.inference_mode():
        for group in group_by_length(lengths, budget.subwords):
            for _ in budget.work_through(group, lengths[group], run):
                pass


def read_states(network: Network, padded: PaddedBatch) -> Tensor:
    """Return the hidden states of a padded batch, (rows, width, hidden). network: of the encoder."""
    refuse_forked_gpu(network.device)
    with torch.inference_mode():
        return network.encode(network.batch(padded))


def _runs(batch: WindowBatch, windows: Ints, subwords: int) -> list[Ints]:
    """Return runs of windows whose padded size is within a budget, as the same window may come many times."""
    lengths = np.maximum(1, batch.lengths[windows])
    order = np.argsort(lengths, kind="stable")
    return [windows[np.sort(order[run])] for run in cut_by_budget(lengths[order], subwords)]


def _rows(states: Tensor, rows: Ints, width: int) -> Tensor:
    """Return some rows of hidden states, cut to a width."""
    if len(rows) == len(states) and np.array_equal(rows, np.arange(len(rows))):
        return states[:, :width]
    return states.index_select(0, to_device(rows, states.device))[:, :width]
