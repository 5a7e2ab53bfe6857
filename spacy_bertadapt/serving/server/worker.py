"""The thread that predicts what waits."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from ...errors import Errors
from ..row_errors import as_line
from .job import Job
from .memory import FreedMemory
from .metrics import Metrics
from .queue import Batch, RequestQueue
from .refusals import Refusal

logger = logging.getLogger(__name__)


class Worker:
    """One thread that takes the texts that wait, as many as a batch may have, and predicts them together."""

    def __init__(self, queue: RequestQueue, metrics: Metrics):
        """Take the queue to work through."""
        self._queue = queue
        self._metrics = metrics
        self._freed_memory = FreedMemory()
        self._thread = threading.Thread(target=self._work, name="predictions")
        self.has_failed = False
        """Whether the last batch failed as a whole, as on a device that is gone."""

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to work. loop: where requests wait for their answers."""
        self._loop = loop
        self._thread.start()

    def stop(self) -> None:
        """Close the queue, and wait for the batch that is predicted."""
        self._queue.close()
        if self._thread.ident is not None:
            self._thread.join()

    @property
    def is_healthy(self) -> bool:
        """Whether the thread runs, and can predict."""
        return self._thread.is_alive() and not self.has_failed

    def _work(self) -> None:
        while (batch := self._queue.next_batch()) is not None:
            self._predict(batch)
            del batch  # else a pipeline that was replaced would stay until the next text comes
            self._freed_memory.give_back()

    def _predict(self, batch: Batch) -> None:
        """Predict a batch, and have the event loop hand over the jobs that are complete."""
        began = time.perf_counter()
        try:
            answers = batch.pipeline.predict([job.rows[number] for job, number in batch.places])
        except Exception as err:  # of the device, or of any component; the next batch may go well
            self.has_failed = True
            logger.exception(Errors.E596.format(reason=as_line(err)))
            self._fail(batch, Refusal(500, Errors.E596.format(reason=as_line(err))))
            return
        self.has_failed = False
        complete = [
            job for (job, number), answer in zip(batch.places, answers, strict=True) if job.answer(number, answer)
        ]
        self._in_loop(_finish, complete)
        seconds = time.perf_counter() - began
        self._queue.note(batch, seconds)
        good = sum(answer["error"] is None for answer in answers)
        self._metrics.count_batch(seconds, good=good, bad=len(answers) - good)

    def _fail(self, batch: Batch, error: Refusal) -> None:
        for job in {job for job, _ in batch.places}:
            self._in_loop(job.fail, error)

    def _in_loop(self, function: Callable[..., object], *arguments: object) -> None:
        """Call a function in the event loop, if there still is one: of a server that is forced to end, nobody waits."""
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(function, *arguments)


def _finish(jobs: list[Job]) -> None:
    for job in jobs:
        job.finish()
