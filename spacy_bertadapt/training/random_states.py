"""The states of all random numbers that a training draws: Python's, NumPy's, and torch's on every device."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch


@dataclass(frozen=True, slots=True)
class RandomStates:
    """The generators at one moment. Two are equal if all generators would go on alike.

    python, numpy: as these return them. torch: the bytes of the CPU's generator, then of each GPU's, in hexadecimal.
    """

    python: tuple[Any, ...]
    numpy: tuple[Any, ...]
    torch: tuple[str, ...]

    @classmethod
    def now(cls) -> RandomStates:
        """Return the states as they are."""
        kind, keys, *rest = np.random.get_state(legacy=True)  # that of spaCy and thinc
        states = [torch.get_rng_state(), *(torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else ())]
        drawn = tuple(state.numpy().tobytes().hex() for state in states)
        return cls(random.getstate(), (kind, np.asarray(keys).tobytes().hex(), *rest), drawn)

    def set(self) -> None:
        """Have all generators go on from here."""
        kind, keys, *rest = self.numpy
        words = np.frombuffer(bytes.fromhex(keys), dtype=np.uint32)
        random.setstate(self.python)
        np.random.set_state((kind, words, *rest))
        states = [torch.frombuffer(bytearray.fromhex(state), dtype=torch.uint8) for state in self.torch]
        torch.set_rng_state(states[0])
        if len(states) > 1:
            torch.cuda.set_rng_state_all(states[1 : 1 + torch.cuda.device_count()])

    def as_json(self) -> dict[str, Any]:
        """Return the states as JSON can hold them."""
        version, words, gauss = self.python
        return {"python": [version, list(words), gauss], "numpy": list(self.numpy), "torch": list(self.torch)}

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> RandomStates:
        """Return what `as_json` wrote."""
        version, words, gauss = content["python"]
        return cls((version, tuple(words), gauss), tuple(content["numpy"]), tuple(content["torch"]))


@contextmanager
def unchanged_random_states() -> Iterator[None]:
    """Have all generators after the block go on as if it had drawn nothing."""
    states = RandomStates.now()
    yield
    states.set()
