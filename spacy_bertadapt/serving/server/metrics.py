"""What a server counts, in Prometheus's format."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SECONDS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)
TEXTS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
PREFIX = "bertadapt"
OTHER = "other"  # in the place of a path that there is not, so that strangers can't add names
FAILED = 500


class Metrics:
    """The counts of one server. Any thread may add to them."""

    def __init__(self) -> None:
        """Begin at nothing, with the process's memory, processor time and open files."""
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        known: dict[str, Any] = {"namespace": PREFIX, "registry": self._registry}
        self._requests = Counter("requests", "Requests by path and status", ["path", "status"], **known)
        self._seconds = Histogram("request_seconds", "Time to an answer", ["path"], buckets=SECONDS, **known)
        self._texts = Counter("texts", "Texts by what came of them: predicted, failed, dropped", ["outcome"], **known)
        self._batch_texts = Histogram("batch_texts", "Texts of a batch", buckets=TEXTS, **known)
        self._batch_seconds = Histogram("batch_seconds", "Time of a batch in the pipeline", buckets=SECONDS, **known)
        self._waiting = Gauge("queue_texts", "Texts that wait", **known)
        self._reloads = Counter("reloads", "Pipelines loaded in the place of another", ["outcome"], **known)

    def watch_queue(self, waiting: Callable[[], int]) -> None:
        """Ask a function for the number of texts that wait, whenever the counts are read."""
        self._waiting.set_function(waiting)

    def count_request(self, path: str, status: int, seconds: float) -> None:
        """Count a request. status: of the answer; 499 of a client that has gone."""
        self._requests.labels(path, str(status)).inc()
        self._seconds.labels(path).observe(seconds)

    def count_batch(self, seconds: float, *, good: int, bad: int) -> None:
        """Count a batch. good, bad: how many of its texts were predicted, and how many failed."""
        self._batch_texts.observe(good + bad)
        self._batch_seconds.observe(seconds)
        self._texts.labels("predicted").inc(good)
        self._texts.labels("failed").inc(bad)

    def count_dropped(self, texts: int) -> None:
        """Count texts that nobody waited for any more."""
        self._texts.labels("dropped").inc(texts)

    def count_reload(self, *, worked: bool) -> None:
        """Count a pipeline that was to take the place of another."""
        self._reloads.labels("worked" if worked else "failed").inc()

    def as_text(self) -> bytes:
        """Return all counts, in the format of Prometheus."""
        return generate_latest(self._registry)


class MeasuredRequests:
    """Counts all requests to an ASGI app."""

    def __init__(self, app: ASGIApp, metrics: Metrics, paths: Collection[str]):
        """app: the app. paths: those that it has."""
        self._app = app
        self._metrics = metrics
        self._paths = frozenset(paths)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the app answer, and count the request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), FAILED

        async def note_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, note_status)
        finally:
            path = scope["path"] if scope["path"] in self._paths else OTHER
            self._metrics.count_request(path, status, time.perf_counter() - began)
