"""What all readers of files of rows have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping

from .batches import Batch


class RowReader(ABC):
    """Reads the rows of one file, once."""

    @property
    @abstractmethod
    def columns(self) -> Mapping[str, bool] | None:
        """The names of the columns, and whether each holds strings; None for a file without rows that does not say."""

    @abstractmethod
    def empty(self) -> Batch:
        """Return the columns without rows."""

    @abstractmethod
    def batches(self, size: int, *, skip: int = 0) -> Iterator[Batch]:
        """Yield the rows in batches. size: rows of each, at most. skip: rows at the beginning that are left out."""
