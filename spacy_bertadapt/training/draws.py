"""What a corpus and a batcher draw while batches are fetched, so that the same batches can be fetched again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from .random_states import UNKNOWN, RandomStates


class Draws:
    """The random numbers with which the batches of an epoch are fetched.

    Batches that are fetched again, without learning from them, leave each generator where it was after the last of
    them that drew from it. So a generator's state is kept only where another one has drawn from it since, as a
    component does that draws in every update.

    kept: states of generators before a batch is fetched, by its number.
    """

    def __init__(self, kept: Mapping[int, RandomStates]):
        """kept: those of an earlier process, whose batches are fetched again first."""
        self.kept = dict(kept)
        self._left = UNKNOWN

    def set(self, number: int) -> None:
        """Let a batch that was fetched before be fetched with the numbers that it was."""
        if number in self.kept:
            self.kept[number].set()

    def note(self, number: int, before: RandomStates) -> None:
        """Note with what a batch was fetched. before: the states before that."""
        after = RandomStates.now()
        drawn = set(after.differing(before))
        moved_by_others = drawn.intersection(before.differing(self._left))
        if moved_by_others:
            self.kept[number] = before.of(moved_by_others)
        self._left = replace(self._left, **{name: getattr(after, name) for name in drawn})
