"""The order of waiting texts: what is short does not wait for all that is long, and the other way about."""

from __future__ import annotations

from bisect import bisect_left
from heapq import heapify, heappop, heappush
from itertools import count
from typing import TypeAlias

from .job import Job, characters_of

LENGTHS = (512, 2048, 8192)
"""The longest texts of each lane but the last, in characters."""

OWN_COST = 64
"""What a text costs beside its characters, in characters: it has special tokens, and a Doc."""

PATIENCE = 5.0
"""For how many times the duration of their own work texts may be overtaken."""

Place: TypeAlias = tuple[Job, int]
"""A row: the job, and the number of the row in it."""

Lane: TypeAlias = list[tuple[float, int, Job, int]]
"""A heap: the turn of a row, how many were added before it, the job, and the number of the row in it."""


class Lanes:
    """The texts that wait for one pipeline.

    They come to their turns in the order of arrival, but what takes long may be overtaken: the turn of a row is its
    arrival, and then five times as long as its request takes up to its end. So a long text waits for short ones that
    come soon after it, and not for ever; and so do the last texts of a request that has many.

    Each lane has texts of about the same length. A batch is made for the text whose turn is next, and has no text of a
    longer lane, for which the others would wait.
    """

    def __init__(self, max_size: int, max_characters: int):
        """max_size: texts of a batch. max_characters: of a batch, if it has more than one text."""
        self._lanes: list[Lane] = [[] for _ in range(len(LENGTHS) + 1)]
        self._max_size = max_size
        self._max_characters = max_characters
        self._numbers = count()
        self.cost = 0
        """What all waiting texts cost together: see `cost_of`."""

    def __len__(self) -> int:
        return sum(map(len, self._lanes))

    def add(self, job: Job, *, now: float, seconds: float) -> None:
        """Add the rows of a job. now: in seconds. seconds: how long a row takes that costs 1."""
        turn = now
        for number, row in enumerate(job.rows):
            cost = cost_of(characters_of(row))
            turn += PATIENCE * seconds * cost
            self.cost += cost
            heappush(self._lanes[bisect_left(LENGTHS, characters_of(row))], (turn, next(self._numbers), job, number))

    def drop(self, job: Job) -> int:
        """Forget the rows of a job that wait, and return how many they were."""
        before = len(self)
        for lane in self._lanes:
            dropped = [row for _, _, other, row in lane if other is job]
            if dropped:
                self.cost -= sum(cost_of(characters_of(job.rows[row])) for row in dropped)
                lane[:] = [place for place in lane if place[2] is not job]
                heapify(lane)
        return before - len(self)

    def take(self) -> list[Place]:
        """Take the next batch away. There must be texts."""
        own = self._next(self._lanes)
        eligible = self._lanes[: self._lanes.index(own) + 1]
        batch: list[Place] = []
        room = self._max_characters
        while any(eligible) and len(batch) < self._max_size:
            lane = self._next(eligible)
            _, _, job, row = lane[0]
            length = characters_of(job.rows[row])
            if batch and length > room:
                break
            heappop(lane)
            room -= length
            self.cost -= cost_of(length)
            batch.append((job, row))
        return batch

    def _next(self, lanes: list[Lane]) -> Lane:
        """Return that of some lanes which has the text whose turn is next."""
        return min((lane for lane in lanes if lane), key=lambda lane: lane[0])


def cost_of(characters: int) -> int:
    """Return what a text costs, in characters of a long one."""
    return characters + OWN_COST
