"""Clients of a server that cost little themselves: each sends a request, waits for the answer, and sends the next."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import cast

PAUSE = 0.05  # seconds after a refusal
HEAD_END = b"\r\n\r\n"
LENGTH = b"content-length: "
CODE = slice(9, 12)  # of a status line


@dataclass
class Seen:
    """What clients have seen: how long each answer took, in seconds; how often each status came; wrong answers."""

    seconds: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    wrong: int = 0
    lost: int = 0


class Connection(asyncio.Protocol):
    """One connection that is kept, with one request at a time."""

    def __init__(self) -> None:
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Note what to write to."""
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Give up the answer that is waited for."""
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionError("the server has closed the connection"))

    def data_received(self, data: bytes) -> None:
        """Give the answer, once it is complete."""
        self._received += data
        head, end, body = self._received.partition(HEAD_END)
        if not end or self._answer is None:
            return
        start = head.lower().index(LENGTH) + len(LENGTH)
        if len(body) >= int(head[start:].partition(b"\r\n")[0]):
            self._received = b""
            self._answer.set_result((int(head[CODE]), body))

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        """Send a request, and return the status and the body of its answer. Raises OSError if there is none."""
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answer

    def close(self) -> None:
        """Close the connection."""
        self._transport.close()


def request_bytes(body: bytes) -> bytes:
    """Return a request for predictions, as it is sent."""
    head = f"POST /predict HTTP/1.1\r\nHost: server\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    return head.encode() + HEAD_END + body


async def ask_all(
    port: int,
    requests: Sequence[bytes],
    is_right: Callable[[int, bytes], bool],
    *,
    clients: int,
    seconds: float,
) -> Seen:
    """Let clients ask for some seconds, each as soon as it has an answer, and return what they have seen.

    requests: as they are sent, again and again. is_right: takes the number of a request, and the body of its answer.
    """
    seen, end = Seen(), time.perf_counter() + seconds
    numbers = _endless(len(requests))

    async def client() -> None:
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(Connection, "127.0.0.1", port)
        while (began := time.perf_counter()) < end:
            number = next(numbers)
            try:
                status, body = await connection.ask(requests[number])
            except OSError:
                seen.lost += 1
                _, connection = await loop.create_connection(Connection, "127.0.0.1", port)
                continue
            seen.statuses[status] += 1
            if status == 200:
                seen.seconds.append(time.perf_counter() - began)
                seen.wrong += not is_right(number, body)
            else:
                await asyncio.sleep(PAUSE)
        connection.close()

    await asyncio.gather(*(client() for _ in range(clients)))
    return seen


def _endless(count: int) -> Iterator[int]:
    while True:
        yield from range(count)
