"""Connections that may not send headers without end, or take for ever over them."""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST_BYTES = 64 * 2**10
SECONDS = 20.0


class BoundedHttpProtocol(HttpToolsProtocol):
    """uvicorn's protocol on httptools, which has neither a limit of headers nor a time for them."""

    _bytes_of_headers = 0
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first headers."""
        super().connection_made(transport)
        self._wait_for_headers()

    def data_received(self, data: bytes) -> None:
        """Take bytes; close the connection if those of one request's headers are too many."""
        if self._timer is not None:
            self._bytes_of_headers += len(data)
        super().data_received(data)
        if self._timer is not None and self._bytes_of_headers > MOST_BYTES and not self.transport.is_closing():
            self.send_400_response("The headers are too large.")

    def on_message_begin(self) -> None:
        """Begin to wait for the headers of a request, if it is not the first one."""
        super().on_message_begin()
        if self._timer is None:
            self._wait_for_headers()

    def on_headers_complete(self) -> None:
        """Stop waiting."""
        self._stop_waiting()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _wait_for_headers(self) -> None:
        self._bytes_of_headers = 0
        self._timer = self.loop.call_later(SECONDS, self.transport.close)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
