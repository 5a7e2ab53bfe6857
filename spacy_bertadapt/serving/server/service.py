"""A server's parts, put together."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from fastapi import FastAPI
from starlette.types import ASGIApp

from ...errors import Errors, InvalidError
from .app import make_app
from .metrics import Metrics
from .queue import RequestQueue
from .reloading import Fingerprint, Reloader, fingerprint
from .served import load_served
from .settings import ServerSettings
from .worker import Worker


class Service:
    """A pipeline with all that answers requests to it: `app` is the HTTP interface."""

    def __init__(self, settings: ServerSettings):
        """Load the pipeline.

        Raises what `load_served` does, and ValueError if files are to be watched that are not in a directory.
        """
        self._folder = Path(settings.pipeline)
        if settings.watch is not None and not self._folder.is_dir():
            raise InvalidError(Errors.E599.format(pipeline=settings.pipeline))
        self._settings = settings
        self._files: Fingerprint = frozenset() if settings.watch is None else fingerprint(self._folder)
        load = partial(load_served, settings.pipeline, settings.overrides)
        limits, metrics = settings.limits, Metrics()
        self.queue = RequestQueue(load(), settings.batches, max_texts=limits.max_queue)
        self.worker = Worker(self.queue, metrics)
        self.reloader = Reloader(settings.pipeline, load, self.queue, metrics)
        self.app: ASGIApp = make_app(self.queue, self.worker, limits, metrics, self._lifespan)
        metrics.watch_queue(lambda: len(self.queue))

    @asynccontextmanager
    async def _lifespan(self, app: FastAPI) -> AsyncIterator[None]:
        """Predict in the block; load the pipeline again at SIGHUP, and when its files change if that is wanted."""
        loop = asyncio.get_running_loop()
        self.worker.start(loop)
        if hasattr(signal, "SIGHUP") and threading.current_thread() is threading.main_thread():
            loop.add_signal_handler(signal.SIGHUP, self.reloader.request)
        watcher = None
        if self._settings.watch is not None:
            watcher = loop.create_task(self.reloader.watch(self._folder, self._files, self._settings.watch))
        try:
            yield
        finally:
            if watcher is not None:
                watcher.cancel()
            self.worker.stop()
