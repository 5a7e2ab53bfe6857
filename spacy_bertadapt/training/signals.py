"""Signals that ask a process to end, answered at the next good moment."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

ASKED = (signal.SIGINT, signal.SIGTERM)
EXIT_CODE = 128  # plus the number of the signal, as shells count


class StopRequest:
    """Whether the process was asked to end. signal: by which signal; None: it was not."""

    def __init__(self) -> None:
        self.signal: int | None = None

    def __call__(self) -> bool:
        return self.signal is not None

    @property
    def exit_code(self) -> int:
        """The code of a process that ends as it was asked to, or as another one was that trains with it."""
        return EXIT_CODE + (self.signal or signal.SIGTERM)


@contextmanager
def stop_request() -> Iterator[StopRequest]:
    """Take note of the first Ctrl-C or SIGTERM in the block; the second one has its usual effect at once."""
    request = StopRequest()
    before = {number: signal.getsignal(number) for number in ASKED}

    def note(number: int, frame: FrameType | None) -> None:
        request.signal = number
        restore()

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    for number in ASKED:
        signal.signal(number, note)
    try:
        yield request
    finally:
        restore()
