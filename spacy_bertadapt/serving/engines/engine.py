"""What predicts batches of rows, in order."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeAlias, TypeVar

from ..loading import Description
from ..rows import PipelineRows

Rows: TypeAlias = list[dict[str, Any]]
Predictions: TypeAlias = list[dict[str, Any]]
Waiting = TypeVar("Waiting")


class Engine(ABC):
    """Predicts batches of rows. It is a context manager, and holds its processes until the end of the block."""

    @abstractmethod
    def describe(self) -> Description:
        """Return what the pipeline reads and writes. Raises ValueError or FileNotFoundError if it can't be loaded."""

    @abstractmethod
    def predict(self, batches: Iterable[Rows]) -> Iterator[Predictions]:
        """Yield the predictions of each batch, in order. Only a few batches are taken before their turn.

        Raises RuntimeError if a process fails again and again, or its device does.
        """

    @abstractmethod
    def close(self) -> None:
        """End the processes."""

    def __enter__(self) -> Engine:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class LocalEngine(Engine):
    """Predicts in this process."""

    def __init__(self, load: Callable[[], PipelineRows], describe: Callable[[PipelineRows], Description]):
        """load: loads the pipeline."""
        self._rows = load()
        self._description = describe(self._rows)

    def describe(self) -> Description:
        """Return what the pipeline reads and writes."""
        return self._description

    def predict(self, batches: Iterable[Rows]) -> Iterator[Predictions]:
        """Yield the predictions of each batch, one after the other."""
        return map(self._rows.predict, batches)

    def close(self) -> None:
        """Do nothing: there are no other processes."""


def in_order(
    batches: Iterable[Rows], *, submit: Callable[[Rows], Waiting], result: Callable[[Waiting], Predictions], window: int
) -> Iterator[Predictions]:
    """Yield the results of batches in order, while later ones are worked on.

    submit: begins a batch. result: waits for its end. window: how many batches are begun and not yielded, at most.
    """
    waiting: deque[Waiting] = deque()
    for batch in batches:
        waiting.append(submit(batch))
        if len(waiting) >= window:
            yield result(waiting.popleft())
    while waiting:
        yield result(waiting.popleft())
