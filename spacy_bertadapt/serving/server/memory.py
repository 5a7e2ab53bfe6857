"""Memory that a server of texts of all lengths would hold for nothing."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from time import monotonic

SECONDS_BETWEEN = 20.0
COMPILED_SHAPES = {"ONEDNN_PRIMITIVE_CACHE_CAPACITY": "16", "LRU_CACHE_CAPACITY": "16"}
"""How many shapes oneDNN, and torch's layer above it, keep compiled code and buffers for; without these, 1,024 each."""


def limit_compiled_shapes() -> None:
    """Have torch keep compiled code for a few shapes alone, unless the environment says another number.

    Batches of a server hardly ever have a shape for the second time. It has an effect before the first network runs.
    """
    for name, count in COMPILED_SHAPES.items():
        os.environ.setdefault(name, count)


class FreedMemory:
    """Has glibc give back what it keeps of freed memory, now and then; elsewhere it does nothing.

    torch frees blocks of all sizes, and between those in use glibc keeps them: after texts of all lengths, a process
    holds up to twice the memory that it uses.
    """

    def __init__(self, seconds: float = SECONDS_BETWEEN):
        """seconds: how long to wait between two times, which take some milliseconds each."""
        self._seconds = seconds
        self._trim = _malloc_trim()
        self._last = monotonic()

    def give_back(self) -> None:
        """Give back what is free, if the last time is long enough ago."""
        if self._trim is not None and (now := monotonic()) - self._last >= self._seconds:
            self._last = now
            self._trim(0)


def _malloc_trim() -> Callable[[int], int] | None:
    """Return glibc's function; None where the C library has none, as musl, macOS and Windows have not."""
    try:
        return ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):
        return None
