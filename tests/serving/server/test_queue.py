"""Requests that wait: how many may, for which pipeline, and how long a batch waits for more of them."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from spacy_bertadapt.serving.server.job import Job
from spacy_bertadapt.serving.server.queue import RequestQueue
from spacy_bertadapt.serving.server.refusals import Refusal
from spacy_bertadapt.serving.server.served import ServedPipeline, load_served
from spacy_bertadapt.serving.server.settings import BatchSettings

ROWS = [{"text": "my parcel"}, {"text": "never arrived"}]
MakeQueue = Callable[..., RequestQueue]


@pytest.fixture(scope="module")
def pipeline(saved_textcat: Path) -> ServedPipeline:
    return load_served(str(saved_textcat), {})


@pytest.fixture
def make_queue(pipeline: ServedPipeline) -> MakeQueue:
    """Makes queues; settings are those of batches."""
    return lambda max_texts=100, **settings: RequestQueue(pipeline, BatchSettings(**settings), max_texts=max_texts)


def add(queue: RequestQueue, rows: list[dict[str, str]] = ROWS) -> Job:
    """Add a request in an event loop of its own."""

    async def in_loop() -> Job:
        return queue.add(rows)

    return asyncio.run(in_loop())


def test_a_request_that_does_not_fit_is_refused_as_a_whole(make_queue: MakeQueue) -> None:
    queue = make_queue(max_texts=3)
    add(queue)
    with pytest.raises(Refusal, match=r"E594.*2 texts wait.*of 3") as refused:
        add(queue)
    assert refused.value.status == 429
    assert refused.value.headers == {"Retry-After": "1"}
    assert len(queue) == 2
    add(queue, ROWS[:1])
    assert len(queue) == 3


def test_how_long_to_stay_away_is_how_long_the_queue_takes(make_queue: MakeQueue) -> None:
    queue = make_queue(max_texts=2, max_size=1)
    add(queue)
    batch = queue.next_batch()
    assert batch is not None
    queue.note(batch, 7.0)
    add(queue, ROWS[:1])
    with pytest.raises(Refusal) as refused:
        add(queue, ROWS[:1])
    assert int(refused.value.headers["Retry-After"]) == pytest.approx(14, abs=1)


def test_a_request_without_texts_is_answered_at_once(make_queue: MakeQueue) -> None:
    job = add(make_queue(), [])
    assert job.future.result() == []


def test_earlier_requests_are_for_the_earlier_pipeline(make_queue: MakeQueue, saved_textcat: Path) -> None:
    queue = make_queue()
    old, new = queue.pipeline, load_served(str(saved_textcat), {})
    first = add(queue)
    queue.replace(new)
    second = add(queue)
    assert queue.pipeline is new
    batches = [queue.next_batch(), queue.next_batch()]
    assert [batch and (batch.pipeline, {job for job, _ in batch.places}) for batch in batches] == [
        (old, {first}),
        (new, {second}),
    ]
    assert not queue.has_earlier
    assert len(queue) == 0


def test_the_earlier_pipeline_is_forgotten_when_nothing_waits_for_it(make_queue: MakeQueue) -> None:
    queue = make_queue()
    taker = threading.Thread(target=queue.next_batch)
    taker.start()
    queue.replace(queue.pipeline)
    end = time.monotonic() + 10
    while queue.has_earlier and time.monotonic() < end:
        time.sleep(0.01)
    assert not queue.has_earlier
    queue.close()
    taker.join()


def test_a_batch_that_is_not_full_waits_for_more(make_queue: MakeQueue) -> None:
    queue = make_queue(max_wait=10.0, max_size=3)
    add(queue)
    later = threading.Timer(0.05, lambda: add(queue, ROWS[:1]))
    later.start()
    batch = queue.next_batch()
    later.join()
    assert batch is not None
    assert len(batch.places) == 3


def test_it_does_not_wait_for_ever(make_queue: MakeQueue) -> None:
    queue = make_queue(max_wait=0.05, max_size=3)
    add(queue)
    began = time.monotonic()
    batch = queue.next_batch()
    assert batch is not None
    assert len(batch.places) == 2
    assert time.monotonic() - began >= 0.05


@pytest.mark.parametrize("max_wait", [0.0, 10.0])
def test_a_closed_queue_gives_no_batch(make_queue: MakeQueue, max_wait: float) -> None:
    queue = make_queue(max_wait=max_wait, max_size=3)
    add(queue)
    queue.close()
    assert queue.next_batch() is None


def test_batches_are_as_large_as_the_networks_take(pipeline: ServedPipeline, make_queue: MakeQueue) -> None:
    assert pipeline.batch_characters == 4 * 2048, "of a CPU"
    queue = make_queue(max_size=100)
    add(queue, [{"text": "x" * 1000}] * 20)
    batch = queue.next_batch()
    assert batch is not None
    assert len(batch.places) == 8
