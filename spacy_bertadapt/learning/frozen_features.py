"""The hidden states of a frozen encoder, computed once for each window and kept in memory, then in temporary files."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from ..forks import fork_safe_lock
from ..network.inputs import DeviceBatch, to_device
from ..network.network import Network
from ..network.process_forks import ForkGuard
from ..subwords.unique_windows import flat_rows
from ..types import Ints
from .feature_store import RowStore, rows_at

ROWS = "rows."  # and a number: of what is kept, in its state


class KeptFeatures:
    """An encoder that runs only for batches with a new window. It replaces a network's own encoder.

    If the head looks at the first position alone, as classifiers do, no other position is kept.
    """

    def __init__(self, network: Network, *, memory: int):
        """memory: bytes of hidden states that are held in memory; the rest goes to temporary files."""
        self._network = network
        self._encode = network.encoder
        self._store = RowStore(memory)
        self._places: dict[bytes, tuple[int, int]] = {}
        self._first_only: bool | None = None
        self._lock = fork_safe_lock()

    def __len__(self) -> int:
        return len(self._places)

    def __call__(self, batch: DeviceBatch) -> Tensor:
        """Return the hidden states of a batch: (rows, width, hidden), or (rows, 1, hidden) of first positions."""
        windows = flat_rows(batch.padded)
        keys = windows.keys()
        with self._lock:
            if all(key in self._places for key in keys):
                return self._read(keys, batch)
        with torch.no_grad():
            states = self._encode(batch)
        if not ForkGuard.forked:  # a file may be shared with the process that forked this one
            self._keep(keys, windows.lengths, batch, states)
        return states

    def state(self) -> dict[str, Tensor]:
        """Return all that is kept, by name. What is computed anew in another batch differs by its rounding.

        The rows are those that are kept, and no copies: they may be more than memory holds twice.
        """
        with self._lock:
            places, chunks = list(self._places.items()), self._store.chunks()
        if not places:
            return {}
        keys = torch.frombuffer(bytearray(b"".join(key for key, _ in places)), dtype=torch.uint8)
        return {
            "keys": keys.view(len(places), -1),
            "places": torch.tensor([place for _, place in places]),
            "first_only": torch.tensor(bool(self._first_only)),
            **{f"{ROWS}{number}": chunk for number, chunk in enumerate(chunks)},
        }

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Take over what `state` returned."""
        self._first_only = bool(state["first_only"])
        chunks = [state[f"{ROWS}{number}"] for number in range(sum(name.startswith(ROWS) for name in state))]
        for key, place in zip(state["keys"], state["places"].tolist(), strict=True):
            own_place = self._store.append(rows_at(chunks, *place), spill=True)
            if own_place is not None:
                self._places[key.numpy().tobytes()] = own_place

    def _keep(self, keys: list[bytes], lengths: Ints, batch: DeviceBatch, states: Tensor) -> None:
        """Keep the states of new windows. Those of predicted windows are kept in memory, never in files.

        lengths: (rows,) subwords of each window.
        """
        if self._first_only is None:
            self._first_only = self._head_sees_first_only(states, batch)
        counts = [1] * len(keys) if self._first_only else lengths.tolist()
        spill = self._network.module.training
        kept = (states[:, :1] if self._first_only else states).cpu()  # one copy, not one a row
        with self._lock:
            for key, rows, length in zip(keys, kept, counts, strict=True):
                place = None if key in self._places else self._store.append(rows[:length], spill=spill)
                if place is not None:
                    self._places[key] = place

    def _read(self, keys: list[bytes], batch: DeviceBatch) -> Tensor:
        rows = [self._store.read(*self._places[key]) for key in keys]
        width = 1 if self._first_only else batch.padded.input_ids.shape[1]
        return to_device(padded_rows(rows, width), self._network.device)

    def _head_sees_first_only(self, states: Tensor, batch: DeviceBatch) -> bool:
        """Return whether the head's logits are the same when it gets the first position alone."""
        if batch.head_inputs:
            return False
        modes = [(part, part.training) for part in self._network.module.modules()]
        self._network.module.eval()
        try:
            with torch.no_grad():
                return torch.equal(self._network.head(states, batch), self._network.head(states[:, :1], batch))
        except (IndexError, RuntimeError):
            return False
        finally:
            for part, mode in modes:
                part.training = mode


def padded_rows(rows: list[Tensor], width: int) -> Tensor:
    """Return rows of (n, hidden) as (rows, width, hidden), with zeros after their end."""
    batch = rows[0].new_zeros((len(rows), width, rows[0].shape[1]))
    for target, row in zip(batch, rows, strict=True):
        target[: len(row)] = row
    return batch
