"""The states of all random numbers that a training draws: Python's, NumPy's, and torch's on every device."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import torch


@dataclass(frozen=True, slots=True)
class RandomStates:
    """The generators at one moment. Two are equal if all generators would go on alike.

    python, numpy: as these return them, their words as bytes. torch: the bytes of the CPU's generator, then of each
    GPU's. None: a generator whose state is not known.
    """

    python: tuple[Any, ...] | None
    numpy: tuple[Any, ...] | None
    torch: tuple[bytes, ...] | None

    @classmethod
    def now(cls) -> RandomStates:
        """Return the states as they are."""
        version, words, gauss = random.getstate()
        kind, keys, *rest = np.random.get_state(legacy=True)  # that of spaCy and thinc
        states = [torch.get_rng_state(), *(torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else ())]
        drawn = tuple(state.numpy().tobytes() for state in states)
        return cls((version, _as_bytes(words), gauss), (kind, _as_bytes(keys), *rest), drawn)

    def set(self) -> None:
        """Have all generators go on from here that have a known state."""
        if self.python is not None:
            version, words, gauss = self.python
            random.setstate((version, tuple(_from_bytes(words).tolist()), gauss))
        if self.numpy is not None:
            kind, keys, *rest = self.numpy
            np.random.set_state((kind, _from_bytes(keys), *rest))
        if self.torch is not None:
            states = [torch.frombuffer(bytearray(state), dtype=torch.uint8) for state in self.torch]
            torch.set_rng_state(states[0])
            if len(states) > 1:
                torch.cuda.set_rng_state_all(states[1 : 1 + torch.cuda.device_count()])

    def differing(self, other: RandomStates) -> Iterator[str]:
        """Yield the names of the generators that are not where others are."""
        return (name for name in GENERATORS if getattr(self, name) != getattr(other, name))

    def of(self, names: Collection[str]) -> RandomStates:
        """Return the states of some generators; the others are not known."""
        return replace(self, **{name: None for name in GENERATORS if name not in names})

    def as_json(self) -> dict[str, Any]:
        """Return the states that are known as JSON can hold them, bytes in hexadecimal."""
        known = {name: state for name in GENERATORS if (state := getattr(self, name)) is not None}
        return {name: [_as_text(value) for value in state] for name, state in known.items()}

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> RandomStates:
        """Return what `as_json` wrote."""
        return cls(*(_as_state(name, content[name]) if name in content else None for name in GENERATORS))


GENERATORS = tuple(field.name for field in fields(RandomStates))
UNKNOWN = RandomStates(None, None, None)


@contextmanager
def unchanged_random_states() -> Iterator[None]:
    """Have all generators after the block go on as if it had drawn nothing."""
    states = RandomStates.now()
    yield
    states.set()


def _as_text(value: Any) -> Any:
    return value.hex() if isinstance(value, bytes) else value


def _as_state(name: str, values: list[Any]) -> tuple[Any, ...]:
    """Return the state of a generator: words stand in second place, but for torch's, which has nothing else."""
    is_words = [name == "torch" or place == 1 for place in range(len(values))]
    return tuple(bytes.fromhex(value) if words else value for value, words in zip(values, is_words, strict=True))


def _as_bytes(words: Any) -> bytes:
    return np.asarray(words, dtype=np.uint32).tobytes()


def _from_bytes(words: bytes) -> np.ndarray:
    return np.frombuffer(words, dtype=np.uint32)
