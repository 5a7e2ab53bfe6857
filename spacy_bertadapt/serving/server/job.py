"""The work of one request."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

Row: TypeAlias = Mapping[str, str]
"""The texts of one prediction by the names of the pipeline's inputs."""

Answer: TypeAlias = dict[str, Any]


class Job:
    """The rows of one request, and their answers as they come: from one batch, or from several."""

    def __init__(self, rows: Sequence[Row], future: asyncio.Future[list[Answer]]):
        """Take the rows. future: gets the answers when all of them are there, or an error."""
        self.rows = rows
        self.answers: list[Answer | None] = [None] * len(rows)
        self.unanswered = len(rows)
        self.future = future

    def answer(self, number: int, answer: Answer) -> bool:
        """Note the answer to a row, by its number, and return whether it was the last one."""
        self.answers[number] = answer
        self.unanswered -= 1
        return not self.unanswered

    def finish(self) -> None:
        """Hand the answers over, unless nobody waits for them any more. In the event loop."""
        if not self.future.done():
            self.future.set_result([answer for answer in self.answers if answer is not None])

    def fail(self, error: Exception) -> None:
        """Hand an error over, unless the job is done. In the event loop."""
        if not self.future.done():
            self.future.set_exception(error)


def characters_of(row: Row) -> int:
    """Return how many characters a row has, those of all its texts together."""
    return sum(map(len, row.values()))
