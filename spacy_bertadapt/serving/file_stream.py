"""The batches of many files, one file after the other, and what is to be done with their predictions."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from ..errors import BertadaptError
from .files.batches import Batch
from .files.layout import Target
from .files.reading import open_reader, readable
from .files.row_reader import RowReader


@dataclass(frozen=True, slots=True)
class Rows:
    """A batch of a file, whose predictions come next."""

    target: Target
    batch: Batch


@dataclass(frozen=True, slots=True)
class Begin:
    """A file begins."""

    target: Target


@dataclass(frozen=True, slots=True)
class End:
    """All rows of a file were read. empty: its columns, without rows."""

    target: Target
    empty: Batch


@dataclass(frozen=True, slots=True)
class Damaged:
    """A file can't be read further."""

    target: Target
    error: BertadaptError


Event = Rows | Begin | End | Damaged


class FileStream:
    """Reads files ahead of the predictions, which come in the order of the batches.

    So a file's end does not wait for its predictions, and no process stands still between two files.
    """

    def __init__(
        self,
        targets: Sequence[Target],
        *,
        batch_size: int,
        check: Callable[[RowReader], None],
        skip: Callable[[Target], int],
    ):
        """Take the files. check: raises ValueError for columns that don't fit. skip: rows that are done already."""
        self._targets = targets
        self._batch_size = batch_size
        self._check = check
        self._skip = skip
        self._events: deque[Event] = deque()
        self._given_up: set[Target] = set()

    def batches(self) -> Iterator[Batch]:
        """Yield the batches of all files. What is between them is noted for `next_rows` and `others`."""
        for target in self._targets:
            self._events.append(Begin(target))
            try:
                with open_reader(target.source) as reader:
                    with readable(target.source):
                        self._check(reader)
                    for batch in reader.batches(self._batch_size, skip=self._skip(target)):
                        if target in self._given_up:
                            break
                        self._events.append(Rows(target, batch))
                        yield batch
                    self._events.append(End(target, reader.empty()))
            except BertadaptError as err:
                self._events.append(Damaged(target, err))

    def next_rows(self) -> Rows:
        """Return the batch that predictions are for. All before it must have been taken by `others`."""
        rows = self._events.popleft()
        assert isinstance(rows, Rows)
        return rows

    def others(self) -> Iterator[Begin | End | Damaged]:
        """Yield what is before the next batch."""
        while self._events and not isinstance(self._events[0], Rows):
            event = self._events.popleft()
            assert not isinstance(event, Rows)
            yield event

    def give_up(self, target: Target) -> None:
        """Read no more of a file."""
        self._given_up.add(target)
