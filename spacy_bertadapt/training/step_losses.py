"""The losses of several processes, as if one had learned from all their batches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ..learning.learner import Learner
from ..learning.processes import Processes


class StepLosses:
    """Notes what each part of a step lost in this process, and adds up the means over the examples of all processes."""

    def __init__(self, learners: Mapping[str, Learner], processes: Processes, *, parts: int):
        """learners: by component. parts: into how many a batch is cut at most, the same in all processes."""
        self._learners, self._processes, self._parts = learners, processes, parts
        self._noted: list[list[tuple[Any, int]]] = []
        self._steps = 0

    @contextmanager
    def part(self) -> Iterator[dict[str, Any]]:
        """Give a block the dictionary for the losses of what it learns from; they are noted after it."""
        before = {name: learner.count for name, learner in self._learners.items()}
        losses: dict[str, Any] = {}
        yield losses
        counts = {name: learner.count - before[name] for name, learner in self._learners.items()}
        self._noted.append([(losses.get(name, 0.0), counts[name]) for name in self._learners])

    def end_step(self) -> None:
        """Note nothing for the parts that this process did not have."""
        self._steps += 1
        missing = self._steps * self._parts - len(self._noted)
        self._noted += [[(0.0, 0)] * len(self._learners)] * missing

    def add_to(self, losses: dict[str, Any]) -> None:
        """Add the losses since the last call to those by component. All processes call it after the same step."""
        noted = [(float(loss) * count, float(count)) for part in self._noted for loss, count in part]
        totals = self._processes.sum_numbers([total for total, _ in noted])
        counts = self._processes.sum_numbers([count for _, count in noted])
        names = list(self._learners) * len(self._noted)
        for name, total, count in zip(names, totals, counts, strict=True):
            losses[name] = losses.get(name, 0.0) + (total / count if count else 0.0)
        self._noted.clear()
        self._steps = 0

    def mean(self) -> float:
        """Return the mean loss of this process since the last call of `add_to`, summed over the components."""
        means = []
        for own in zip(*self._noted, strict=True):
            losses = [float(loss) for loss, count in own if count]
            means.append(sum(losses) / max(len(losses), 1))
        return sum(means)
