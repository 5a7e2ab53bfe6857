"""An output while it is made: parts that are complete, one after the other, and at the end one file of all."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import IO, Any, NamedTuple

from fsspec.core import OpenFile

from ...errors import BertadaptError, Errors, SaveError
from .batches import Batch, Predictions
from .inputs import FileSystem
from .layout import Layout, Target
from .writing import WRITERS, RowWriter

PART_ROWS = 100_000
PART_SECONDS = 30.0
"""A part is complete, and outlives a kill, when it has so many rows, or after so many seconds."""

FRESH = ".new"


class Part(NamedTuple):
    """A complete part. rows, errors: how many rows it has, and how many of these are bad."""

    path: str
    rows: int
    errors: int


@dataclass(frozen=True, slots=True)
class OpenPart:
    """A part that is written. path: until it is complete."""

    path: str
    file: OpenFile
    stream: IO[bytes]
    writer: RowWriter
    since: float


class Output:
    """The output of one file.

    All paths are of its file system. Raises OSError that names the output if it can't be written.
    """

    def __init__(self, layout: Layout, target: Target, outputs: Mapping[str, Any], *, error: str):
        """Take up what parts there are. outputs: types of the written columns. error: the name of that of errors."""
        self._system: FileSystem = layout.system
        self._target = target
        self._outputs = outputs
        self._error = error
        identity = f"{target.source.name}\n{target.source.identity}\n{target.name}"
        self._folder = f"{layout.work}/{hashlib.blake2b(identity.encode(), digest_size=8).hexdigest()}"
        self._suffix = target.path[target.path.rindex(f".{target.format}") :]
        self._kind = WRITERS[target.format]
        self._parts = self._find_parts()
        self._open: OpenPart | None = None
        self._rows = self._errors = 0
        self._is_torn = False
        self._shape: Any = None
        self._has_shape = False

    @property
    def rows(self) -> int:
        """The number of rows that were written."""
        return sum(part.rows for part in self._parts) + self._rows

    @property
    def errors(self) -> int:
        """The number of bad rows among them."""
        return sum(part.errors for part in self._parts) + self._errors

    def write(self, batch: Batch, predictions: Predictions) -> None:
        """Write rows with their predictions. Raises ValueError for rows that don't fit the earlier ones."""
        with self._named():
            part = self._open = self._open or self._begin_part()
            self._is_torn = True
            part.writer.write(batch, predictions)
            self._rows += len(batch)
            self._is_torn = False
            self._errors += sum(row[self._error] is not None for row in predictions)
            if self._rows >= PART_ROWS or time.monotonic() - part.since >= PART_SECONDS:
                self.keep()

    def keep(self) -> None:
        """Make what was written a complete part; nothing, if writing a batch was interrupted."""
        if self._is_torn:
            self.drop()
        part, self._open = self._open, None
        if part is None:
            return
        with self._named():
            try:
                part.writer.close()
                part.file.close()
            except BaseException:
                self._discard(part)
                raise
            self._shape, self._has_shape = part.writer.shape, True
            path = f"{self._folder}/{len(self._parts):06}-{self._rows}-{self._errors}{self._suffix}"
            self._system.mv(part.path, path)
            self._parts.append(Part(path, self._rows, self._errors))
            self._rows = self._errors = 0

    def drop(self) -> None:
        """Forget what is in no complete part."""
        part, self._open = self._open, None
        self._rows = self._errors = 0
        if part is not None:
            self._discard(part)

    def finish(self, empty: Batch) -> None:
        """Put the rows of all parts into the output, in one step. empty: the columns of a file without rows."""
        if not self._parts and self._open is None:
            self.write(empty, [])
        self.keep()
        with self._named():
            self._make_folder(self._target.path)
            if len(self._parts) == 1:
                self._system.mv(self._parts[0].path, self._target.path)
            else:
                self._join()
            self._system.rm(self._folder, recursive=True)

    def _join(self) -> None:
        fresh = f"{self._folder}/all{self._suffix}{FRESH}"
        try:
            with self._system.open(fresh, "wb") as stream:
                self._kind.join((self._system.open(part.path, "rb") for part in self._parts), stream)
            self._system.mv(fresh, self._target.path)
        except BaseException:
            self._remove(fresh)
            raise

    def _begin_part(self) -> OpenPart:
        if not self._has_shape and self._parts:
            with OpenFile(self._system, self._parts[0].path, compression=self._packed) as stream:
                self._shape = self._kind.read_shape(stream, self._outputs)
        path = f"{self._folder}/{len(self._parts):06}{self._suffix}{FRESH}"
        self._make_folder(path)
        file = OpenFile(self._system, path, mode="wb", compression=self._packed)
        stream = file.open()
        return OpenPart(path, file, stream, self._kind(stream, self._outputs, self._shape), time.monotonic())

    def _find_parts(self) -> list[Part]:
        """Return the complete parts of an earlier run, in order."""
        parts: list[Part] = []
        if not self._system.isdir(self._folder):
            return parts
        for path in sorted(self._system.ls(self._folder, detail=False)):
            name = path.rsplit("/", 1)[1]
            if name.endswith(FRESH):
                self._remove(path)
            else:
                number, rows, errors = name.removesuffix(self._suffix).split("-")
                assert int(number) == len(parts)
                parts.append(Part(path, int(rows), int(errors)))
        return parts

    def _discard(self, part: OpenPart) -> None:
        with suppress(OSError, ValueError):
            part.file.close()
        self._remove(part.path)

    def _remove(self, path: str) -> None:
        with suppress(OSError):
            self._system.rm(path)

    def _make_folder(self, path: str) -> None:
        self._system.makedirs(path.rsplit("/", 1)[0], exist_ok=True)

    @property
    def _packed(self) -> str | None:
        return "gzip" if self._suffix.lower().endswith(".gz") else None

    @contextmanager
    def _named(self) -> Iterator[None]:
        """Raise OSError that names the output for what the system raises."""
        try:
            yield
        except OSError as err:
            if isinstance(err, BertadaptError):
                raise
            raise SaveError(Errors.E527.format(path=self._target.path, reason=err.strerror or err)) from err
