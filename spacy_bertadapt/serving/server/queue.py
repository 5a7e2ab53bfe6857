"""The texts that wait, and the pipelines that they wait for."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from ...errors import Errors
from .job import Job, Row, characters_of
from .lanes import Lanes, Place, cost_of
from .refusals import try_later
from .served import ServedPipeline
from .settings import BatchSettings

LONGEST_RETRY = 60  # seconds
RECENT = 0.1  # the share of the last batch in the mean


@dataclass(frozen=True, slots=True)
class Generation:
    """A pipeline, and the texts that wait for it: a request is answered by the pipeline that it was checked for."""

    pipeline: ServedPipeline
    waiting: Lanes


@dataclass(frozen=True, slots=True)
class Batch:
    """Texts that are predicted together. places: the job of each, and its number there."""

    pipeline: ServedPipeline
    places: Sequence[Place]


class RequestQueue:
    """The texts that wait for a pipeline, or for the one before it, whose requests are still answered.

    Requests are added and dropped in the event loop; a thread takes batches.
    """

    def __init__(self, pipeline: ServedPipeline, settings: BatchSettings, *, max_texts: int):
        """Take the first pipeline. max_texts: how many wait at most."""
        self._settings = settings
        self._max_texts = max_texts
        self._changed = threading.Condition()
        self._generations = deque([self._generation(pipeline)])
        self._is_closed = False
        self._seconds = 0.0  # how long a text takes that costs 1, of late

    def __len__(self) -> int:
        return sum(len(generation.waiting) for generation in tuple(self._generations))

    @property
    def pipeline(self) -> ServedPipeline:
        """The pipeline that new requests are for."""
        return self._generations[-1].pipeline

    @property
    def has_earlier(self) -> bool:
        """Whether a pipeline that was replaced may still have to answer."""
        return len(self._generations) > 1

    def replace(self, pipeline: ServedPipeline) -> None:
        """Take another pipeline for all new requests."""
        with self._changed:
            self._generations.append(self._generation(pipeline))
            self._changed.notify()

    def add(self, rows: Sequence[Row]) -> Job:
        """Let the rows of a request wait, and return them as a job. Raises Refusal if there is no room for them."""
        job = Job(rows, asyncio.get_running_loop().create_future())
        if not rows:
            job.finish()
            return job
        with self._changed:
            waiting = len(self)
            if waiting + len(rows) > self._max_texts:
                message = Errors.E594.format(waiting=waiting, limit=self._max_texts)
                raise try_later(message, self._seconds_of_all())
            self._generations[-1].waiting.add(job, now=time.monotonic(), seconds=self._seconds)
            self._changed.notify()
        return job

    def drop(self, job: Job) -> int:
        """Forget the rows of a job that wait, and return how many they were."""
        with self._changed:
            return sum(generation.waiting.drop(job) for generation in self._generations)

    def note(self, batch: Batch, seconds: float) -> None:
        """Take note of how long a batch took."""
        cost = sum(cost_of(characters_of(job.rows[row])) for job, row in batch.places)
        with self._changed:
            self._seconds = (1 - RECENT) * self._seconds + RECENT * seconds / cost if self._seconds else seconds / cost

    def close(self) -> None:
        """Give no more batches."""
        with self._changed:
            self._is_closed = True
            self._changed.notify()

    def next_batch(self) -> Batch | None:
        """Wait for texts, and take a batch of them away; None once the queue is closed."""
        with self._changed:
            while not self._is_closed:
                generation = self._oldest()
                if generation.waiting and self._settings.max_wait:
                    self._wait_until_full(generation.waiting)
                if generation.waiting and not self._is_closed:
                    return Batch(generation.pipeline, generation.waiting.take())
                if not generation.waiting:
                    self._changed.wait()
        return None

    def _oldest(self) -> Generation:
        """Return the first generation that texts wait for, or the last one of all. Those before it are forgotten."""
        while len(self._generations) > 1 and not self._generations[0].waiting:
            self._generations.popleft()
        return self._generations[0]

    def _wait_until_full(self, waiting: Lanes) -> None:
        """Wait for more texts, for a while."""
        self._changed.wait_for(
            lambda: self._is_closed or len(waiting) >= self._settings.max_size, timeout=self._settings.max_wait
        )

    def _generation(self, pipeline: ServedPipeline) -> Generation:
        characters = self._settings.max_characters or pipeline.batch_characters
        return Generation(pipeline, Lanes(self._settings.max_size, characters))

    def _seconds_of_all(self) -> int:
        """Return in how many seconds what waits will be done, about."""
        cost = sum(generation.waiting.cost for generation in self._generations)
        return min(max(1, round(cost * self._seconds)), LONGEST_RETRY)
