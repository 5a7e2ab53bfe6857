"""Writers of rows with predictions: Parquet, JSONL and CSV."""

from __future__ import annotations

import csv
import io
import shutil
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from typing import IO, Any, TypeAlias

from ...errors import Errors, InvalidError
from ..arrow import append_columns, arrow_schema, import_arrow
from .batches import Batch, Predictions
from .json_values import as_json, as_string

OpenStream: TypeAlias = AbstractContextManager[IO[bytes]]
Outputs: TypeAlias = Mapping[str, Any]
"""The type annotation of each written column, by name."""

GROUP_ROWS = 50_000
GROUP_BYTES = 32 * 2**20
"""A row group of Parquet is written when it has so many rows, or so many bytes in memory."""


class RowWriter(ABC):
    """Writes batches of rows into a stream.

    shape: what all parts of a file have in common: the names or types of the columns; None before the first batch.
    """

    shape: Any

    def __init__(self, stream: IO[bytes], outputs: Outputs, shape: Any = None):
        """shape: that of the parts before this one; None: this is the first."""
        self.stream = stream
        self.outputs = outputs
        self.shape = shape

    @abstractmethod
    def write(self, batch: Batch, predictions: Predictions) -> None:
        """Write rows with their predictions. Raises ValueError for rows that don't fit the earlier ones."""

    @abstractmethod
    def close(self) -> None:
        """Write what is still to be written. The stream stays open."""

    @classmethod
    @abstractmethod
    def read_shape(cls, stream: IO[bytes], outputs: Outputs) -> Any:
        """Return the shape of a part that was written earlier."""

    @classmethod
    def join(cls, parts: Iterable[OpenStream], stream: IO[bytes]) -> None:
        """Write the rows of all parts, which are as they lie in their files, into one stream."""
        for part in parts:
            with part as source:
                shutil.copyfileobj(source, stream)


class JsonlWriter(RowWriter):
    """Writes a JSON object for each row."""

    def write(self, batch: Batch, predictions: Predictions) -> None:
        """Write rows with their predictions."""
        for row in batch.joined(predictions):
            self.stream.write(as_json(row).encode("utf8", "backslashreplace") + b"\n")

    def close(self) -> None:
        """Do nothing: all is written."""

    @classmethod
    def read_shape(cls, stream: IO[bytes], outputs: Outputs) -> None:
        """Return nothing: rows may differ."""


class CsvWriter(RowWriter):
    """Writes comma-separated fields (RFC 4180); what is no string or number is JSON in them."""

    def write(self, batch: Batch, predictions: Predictions) -> None:
        """Write rows with their predictions. Raises ValueError for columns that the earlier rows have not."""
        text = io.StringIO()
        rows = csv.writer(text)
        if self.shape is None:
            self.shape = [*batch.columns, *self.outputs]
            rows.writerow(self.shape)
        if new := [name for name in batch.columns if name not in self.shape]:
            raise InvalidError(Errors.E583.format(column=new[0], reason="rows before have no such column"))
        rows.writerows([_field(row.get(name)) for name in self.shape] for row in batch.joined(predictions))
        self.stream.write(_encoded(text.getvalue()))

    def close(self) -> None:
        """Do nothing: all is written."""

    @classmethod
    def read_shape(cls, stream: IO[bytes], outputs: Outputs) -> list[str]:
        """Return the names of the columns."""
        lines = (line.decode("utf8", "surrogateescape") for line in stream)
        return next(csv.reader(lines))


class ParquetWriter(RowWriter):
    """Writes a Parquet file with row groups of many batches. Its shape is the schema without predictions."""

    def __init__(self, stream: IO[bytes], outputs: Outputs, shape: Any = None):
        """Take the stream: see `RowWriter`."""
        super().__init__(stream, outputs, shape)
        self._schema = arrow_schema(outputs)
        self._groups: RowGroups | None = None

    def write(self, batch: Batch, predictions: Predictions) -> None:
        """Write rows with their predictions. Raises ValueError for values of other types than the earlier ones."""
        table = batch.table(self.shape)
        self.shape = table.schema if self.shape is None else self.shape
        if self._groups is None:
            self._groups = RowGroups(self.stream)
        self._groups.add(append_columns(table, predictions, self._schema))

    def close(self) -> None:
        """Write the last row group, and the end of the file."""
        if self._groups is not None:
            self._groups.close()

    @classmethod
    def read_shape(cls, stream: IO[bytes], outputs: Outputs) -> Any:
        """Return the schema without the predictions' columns."""
        pa = import_arrow()
        schema = pa.parquet.read_schema(stream)
        return pa.schema([field for field in schema if field.name not in outputs], metadata=schema.metadata)

    @classmethod
    def join(cls, parts: Iterable[OpenStream], stream: IO[bytes]) -> None:
        """Write the rows of all parts into one stream."""
        pa = import_arrow()
        groups = RowGroups(stream)
        for part in parts:
            with part as source:
                file = pa.parquet.ParquetFile(source)
                groups.add(file.schema_arrow.empty_table())
                for batch in file.iter_batches(batch_size=GROUP_ROWS):
                    groups.add(pa.Table.from_batches([batch]))
        groups.close()


class RowGroups:
    """Gathers tables, and writes them as row groups of a Parquet file."""

    def __init__(self, stream: IO[bytes]):
        """stream: of the file."""
        self._stream = stream
        self._tables: list[Any] = []
        self._writer: Any = None

    def add(self, table: Any) -> None:
        """Take rows, and write those that were gathered if they are many."""
        self._tables.append(table)
        is_long = sum(part.num_rows for part in self._tables) >= GROUP_ROWS
        if is_long or sum(part.nbytes for part in self._tables) >= GROUP_BYTES:
            self._write()

    def close(self) -> None:
        """Write what was gathered, and the end of the file."""
        if self._tables:
            self._write()
        if self._writer is not None:
            self._writer.close()

    def _write(self) -> None:
        pa = import_arrow()
        table = pa.concat_tables(self._tables)
        self._tables.clear()
        if self._writer is None:
            self._writer = pa.parquet.ParquetWriter(self._stream, table.schema)
        self._writer.write_table(table, row_group_size=max(1, table.num_rows))


WRITERS: Mapping[str, type[RowWriter]] = {"parquet": ParquetWriter, "jsonl": JsonlWriter, "csv": CsvWriter}


def _encoded(text: str) -> bytes:
    """Return a text in UTF-8, where bytes that were none are as they were; other halves of surrogate pairs are gone."""
    try:
        return text.encode("utf8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf8", "replace")


def _field(value: Any) -> Any:
    """Return a value as a field of CSV."""
    if value is None or (isinstance(value, str | int | float) and not isinstance(value, bool)):
        return value
    return as_json(value) if isinstance(value, dict | list | bool) else as_string(value)
