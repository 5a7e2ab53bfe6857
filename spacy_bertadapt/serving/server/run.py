"""A server from its start to its end."""

from __future__ import annotations

import logging
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import ceil

import torch
import uvicorn

from ...errors import AddressError, Errors
from .memory import limit_compiled_shapes
from .protocol import BoundedHttpProtocol
from .service import Service
from .settings import ServerSettings

KEPT_ALIVE = 75  # seconds: longer than proxies keep a connection that nothing comes over, so that they close it first
MORE_SECONDS = 5  # for the last answers to be sent
WAITING_CONNECTIONS = 2048


def run(settings: ServerSettings, announce: Callable[[Service, str], None]) -> None:
    """Load the pipeline, and serve until SIGTERM or Ctrl-C, by when all requests that have come are answered.

    announce: takes the server and its address, once it takes requests.
    Raises OSError for an address that can't be had, and the errors of the pipeline.
    """
    with bound_socket(settings.host, settings.port) as listener, _signals_handled(signal.SIG_IGN, "SIGHUP"):
        limit_compiled_shapes()
        if settings.threads is not None:
            torch.set_num_threads(settings.threads)
        service = Service(settings)
        _listen(listener)
        _log_to_stderr()
        address = _address(listener)
        server = AnnouncedServer(server_config(service, settings), lambda: announce(service, address))
        try:
            with _signals_handled(lambda *_: None, "SIGINT", "SIGTERM"):  # uvicorn raises them again at the end
                server.run(sockets=[listener])
        finally:
            service.worker.stop()


def server_config(service: Service, settings: ServerSettings) -> uvicorn.Config:
    """Return how uvicorn serves."""
    return uvicorn.Config(
        service.app,
        http=BoundedHttpProtocol,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        backlog=WAITING_CONNECTIONS,
        timeout_keep_alive=KEPT_ALIVE,
        timeout_graceful_shutdown=ceil(settings.limits.timeout) + MORE_SECONDS,
    )


class AnnouncedServer(uvicorn.Server):
    """A server that says when it takes requests."""

    def __init__(self, config: uvicorn.Config, announce: Callable[[], None]):
        """announce: is called then."""
        super().__init__(config)
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to take connections, and say so."""
        await super().startup(sockets)
        self._announce()


def bound_socket(host: str, port: int) -> socket.socket:
    """Return a socket with an address, which does not listen yet. Raises OSError if it can't have it."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        try:
            if sys.platform != "win32":  # where it would let two servers have one port
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
        except BaseException:
            listener.close()
            raise
    except (OSError, UnicodeError, OverflowError) as err:
        raise _no_address(host, port, err) from err
    return listener


def _listen(listener: socket.socket) -> None:
    """Begin to listen. Raises OSError if another server that was bound to the address meanwhile listens already."""
    try:
        listener.listen(WAITING_CONNECTIONS)
    except OSError as err:
        host, port = listener.getsockname()[:2]
        raise _no_address(host, port, err) from err


def _no_address(host: str, port: int, err: Exception) -> AddressError:
    return AddressError(Errors.E590.format(host=host, port=port, reason=getattr(err, "strerror", None) or err))


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _log_to_stderr() -> None:
    """Have what the server logs printed, with the time."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    for name, level in (("spacy_bertadapt.serving.server", logging.INFO), ("uvicorn.error", logging.WARNING)):
        logger = logging.getLogger(name)
        logger.addHandler(handler)
        logger.setLevel(level)
        logger.propagate = False


@contextmanager
def _signals_handled(handler: signal.Handlers | Callable[..., None], *names: str) -> Iterator[None]:
    """Handle signals in the block, if it is in the main thread, and then as before.

    names: of signals; the system need not have them.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    before = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)
