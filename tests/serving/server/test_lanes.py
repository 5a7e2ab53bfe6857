"""The order of waiting texts: all are taken, none waits for ever, and what is short does not wait for what is long."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st

from spacy_bertadapt.serving.server.job import Job
from spacy_bertadapt.serving.server.lanes import LENGTHS, PATIENCE, Lanes, cost_of

SECOND = 1 / cost_of(1000)  # a text of 1,000 characters takes a second
LENGTH = st.integers(0, 12_000)


def job_of(*lengths: int) -> Job:
    """Return a job of texts of so many characters; nobody waits for it."""
    return Job([{"text": "x" * length} for length in lengths], cast(Any, None))


def lengths_of(batch: Sequence[tuple[Job, int]]) -> list[int]:
    return [len(job.rows[number]["text"]) for job, number in batch]


def filled(jobs: Sequence[Job], *, size: int = 8, characters: int = 8192, every: float = 0.0) -> Lanes:
    """Return lanes to which jobs have come, one after the other. every: seconds between them."""
    lanes = Lanes(size, characters)
    for number, job in enumerate(jobs):
        lanes.add(job, now=number * every, seconds=SECOND)
    return lanes


@given(st.lists(st.lists(LENGTH, min_size=1, max_size=5), max_size=8), st.integers(1, 6), st.integers(1, 9000))
def test_every_text_is_taken_once_in_batches_within_the_limits(
    requests: list[list[int]], size: int, characters: int
) -> None:
    jobs = [job_of(*lengths) for lengths in requests]
    lanes, taken = filled(jobs, size=size, characters=characters), []
    assert len(lanes) == sum(map(len, requests))
    assert lanes.cost == sum(cost_of(length) for lengths in requests for length in lengths)
    while len(lanes):
        batch = lanes.take()
        lengths = lengths_of(batch)
        assert len(batch) == 1 or (len(batch) <= size and sum(lengths) <= characters)
        taken += batch
    assert sorted((jobs.index(job), number) for job, number in taken) == [
        (number, row) for number, lengths in enumerate(requests) for row in range(len(lengths))
    ]
    assert lanes.cost == 0


@given(st.lists(LENGTH, min_size=1, max_size=20))
def test_no_text_waits_for_a_longer_one_of_its_batch(lengths: list[int]) -> None:
    lanes = filled([job_of(length) for length in lengths])
    while len(lanes):
        first, *others = lengths_of(lanes.take())
        limit = next((longest for longest in LENGTHS if first <= longest), max(lengths))
        assert all(length <= limit for length in others)


def test_texts_of_one_length_come_in_the_order_of_arrival() -> None:
    jobs = [job_of(100) for _ in range(20)]
    lanes = filled(jobs, size=3)
    assert [job for _ in range(7) for job, _ in lanes.take()] == jobs


def test_a_long_text_is_overtaken_for_a_while_and_not_for_ever() -> None:
    """It takes a second: short ones that come in less than five seconds go before it, as long as it has not begun."""
    long = job_of(1000)
    lanes = filled([long, *(job_of(10) for _ in range(10))], size=1, every=1.0)
    order = [lengths_of(lanes.take()) for _ in range(11)]
    assert order.index([1000]) == PATIENCE - 1


def test_a_request_of_many_texts_lets_others_through() -> None:
    many, one = job_of(*[100] * 50), job_of(100)
    lanes = filled([many, one], size=4, every=0.1)
    batches = [lanes.take() for _ in range(13)]
    place = next(number for number, batch in enumerate(batches) if (one, 0) in batch)
    assert place <= 1
    assert sum(map(len, batches)) == 51


def test_short_texts_go_with_a_long_one_whose_turn_it_is() -> None:
    lanes = filled([job_of(5000)] + [job_of(10) for _ in range(3)], every=100.0)
    assert lengths_of(lanes.take()) == [5000, 10, 10, 10]


@given(st.lists(st.lists(LENGTH, min_size=1, max_size=4), min_size=1, max_size=6), st.data())
def test_a_dropped_request_is_gone(requests: list[list[int]], data: st.DataObject) -> None:
    jobs = [job_of(*lengths) for lengths in requests]
    lanes = filled(jobs)
    begun = lanes.take()
    dropped = data.draw(st.sampled_from(jobs))
    waited = len(dropped.rows) - sum(job is dropped for job, _ in begun)
    assert lanes.drop(dropped) == waited
    assert lanes.drop(dropped) == 0
    rest = []
    while len(lanes):
        rest += lanes.take()
    assert dropped not in [job for job, _ in rest]
    assert len(rest) + len(begun) + waited == sum(map(len, requests))
    assert lanes.cost == 0
