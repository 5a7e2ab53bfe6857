"""Memory that was freed, given back to the system."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from time import monotonic

SECONDS_BETWEEN = 20.0


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
