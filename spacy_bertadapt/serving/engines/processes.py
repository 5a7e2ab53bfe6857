"""Several processes on this machine, each with a pipeline of its own, and a GPU of its own where there are some."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from multiprocessing.queues import SimpleQueue

from ...errors import Errors, ProcessError
from ..loading import Description, RowSettings, describe
from ..rows import PipelineRows
from .engine import Engine, Predictions, Rows, in_order

QUEUED = 2
"""Batches for each process that are begun or wait, so that none stands still."""

_loaded: list[PipelineRows | Exception] = []
"""In a process of the pool: its pipeline, or why it has none."""


class ProcessEngine(Engine):
    """Predicts in several processes."""

    def __init__(self, settings: RowSettings, *, workers: int):
        """Start the processes. settings: gpu_id is that of the first process; the others have those after it."""
        context = multiprocessing.get_context("spawn")
        numbers: SimpleQueue[int] = context.SimpleQueue()
        for number in range(workers):
            numbers.put(number)
        threads = max(1, (os.cpu_count() or 1) // workers)
        self._workers = workers
        self._pool = ProcessPoolExecutor(
            workers, mp_context=context, initializer=_load, initargs=(settings, numbers, threads)
        )

    def describe(self) -> Description:
        """Return what the pipeline reads and writes. Raises ValueError or FileNotFoundError if it can't be loaded."""
        return self._result(self._pool.submit(_describe))

    def predict(self, batches: Iterable[Rows]) -> Iterator[Predictions]:
        """Yield the predictions of each batch, in order: see `Engine`."""
        submit = lambda batch: self._pool.submit(_predict, batch)  # noqa: E731
        return in_order(batches, submit=submit, result=self._result, window=(QUEUED + 1) * self._workers)

    def close(self) -> None:
        """End the processes, without what still waits for them."""
        processes = list((self._pool._processes or {}).values())
        self._pool.shutdown(wait=False, cancel_futures=True)
        for process in processes:
            process.terminate()

    def _result(self, future: Future):  # type: ignore[no-untyped-def]
        try:
            return future.result()
        except BrokenProcessPool as err:
            raise ProcessError(Errors.E586.format(reason="it was killed, or ran out of memory")) from err


def _load(settings: RowSettings, numbers: SimpleQueue[int], threads: int) -> None:
    """Load the pipeline of this process, which Ctrl-C leaves to the process that started it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    number = numbers.get()
    gpu_id = settings.gpu_id + number if settings.gpu_id >= 0 else settings.gpu_id
    try:
        _loaded.append(replace(settings, gpu_id=gpu_id).load(threads=threads))
    except Exception as err:  # it is raised where it is asked for, as a pool tells no reason
        _loaded.append(err)


def _pipeline() -> PipelineRows:
    (loaded,) = _loaded
    if isinstance(loaded, Exception):
        raise loaded
    return loaded


def _describe() -> Description:
    return describe(_pipeline())


def _predict(batch: Rows) -> Predictions:
    return _pipeline().predict(batch)
