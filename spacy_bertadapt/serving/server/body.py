"""The bodies of requests, read as far as there is room for them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from starlette.requests import Request

from ...errors import Errors
from .refusals import Refusal, try_later
from .settings import Limits


class HeldBytes:
    """The bytes of one request's body. `HeldBodies` counts them together with those of all others."""

    def __init__(self, bodies: HeldBodies):
        self._bodies = bodies
        self.count = 0

    def add(self, count: int) -> None:
        """Take more bytes. Raises Refusal if this request, or all of them together, have too many."""
        self.count += count
        self._bodies.add(count)
        if self.count > self._bodies.limits.max_body:
            raise too_large(self._bodies.limits)


class HeldBodies:
    """The bytes of all requests that are read or answered at a time. All of it is used in the event loop."""

    def __init__(self, limits: Limits):
        """Begin with none."""
        self.limits = limits
        self.count = 0

    def add(self, count: int) -> None:
        """Take more bytes, or fewer if it is below 0. Raises Refusal if there are too many."""
        self.count += count
        if count > 0 and self.count > self.limits.held_bytes:
            raise try_later(Errors.E598.format(limit=self.limits.held_bytes), 1)

    @contextmanager
    def hold(self) -> Iterator[HeldBytes]:
        """Count the bytes of a request, until the end of the block."""
        held = HeldBytes(self)
        try:
            yield held
        finally:
            self.count -= held.count


async def read_body(request: Request, held: HeldBytes, limits: Limits) -> bytes:
    """Return the body of a request.

    Raises Refusal as soon as it is known to be too large, by its header or as it comes, and starlette's
    ClientDisconnect if it does not come to its end.
    """
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > limits.max_body:
        raise too_large(limits)
    chunks = []
    async for chunk in request.stream():
        held.add(len(chunk))
        chunks.append(chunk)
    return b"".join(chunks)


def too_large(limits: Limits) -> Refusal:
    """Return the error for a body that is too large."""
    return Refusal(413, Errors.E591.format(limit=limits.max_body))
