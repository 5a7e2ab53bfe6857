"""Components of pairs beside others that read texts by comparing pairs."""

from __future__ import annotations

import weakref
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator


class TextReader(ABC):
    """A component that reads texts, each as several pairs. Components of pairs leave the texts of a pipeline to it."""

    @abstractmethod
    def look_up(self) -> object | None:
        """Return the component of pairs that it stands on, and note it; None if there is none yet."""

    @abstractmethod
    def is_running_on(self, component: object) -> bool:
        """Return whether it stands on a component of pairs, and is not disabled or removed, as far as is known."""


class TextReaders:
    """The components that may stand on another one. It keeps none alive, and is pickled with those that live."""

    def __init__(self, readers: Iterable[TextReader] = ()):
        """readers: the first ones."""
        self._readers: list[weakref.ref[TextReader]] = []
        for reader in readers:
            self.add(reader)

    def add(self, reader: TextReader) -> None:
        """Add one, if it is not there."""
        living = list(self)
        if not any(other is reader for other in living):
            self._readers = [weakref.ref(other) for other in (*living, reader)]

    def __iter__(self) -> Iterator[TextReader]:
        return (reader for link in self._readers if (reader := link()) is not None)

    def __reduce__(self) -> tuple[type[TextReaders], tuple[tuple[TextReader, ...]]]:
        return TextReaders, (tuple(self),)
