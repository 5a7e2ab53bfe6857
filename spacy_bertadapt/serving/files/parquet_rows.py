"""Rows of Parquet files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import IO

from ..arrow import import_arrow, text_columns
from .batches import TableBatch
from .row_reader import RowReader

BUFFER = 1 << 20  # bytes of each column that are read at once


class ParquetReader(RowReader):
    """Reads the rows of a Parquet file, without a whole row group in memory."""

    def __init__(self, stream: IO[bytes]):
        """Raises pyarrow's errors for a file that is damaged."""
        parquet = import_arrow().parquet
        self._file = parquet.ParquetFile(stream, buffer_size=BUFFER, pre_buffer=False)

    @property
    def n_rows(self) -> int:
        """The number of rows."""
        return int(self._file.metadata.num_rows)

    @property
    def columns(self) -> Mapping[str, bool]:
        """The names of the columns, and whether each holds strings."""
        return text_columns(self._file.schema_arrow)

    def batches(self, size: int, *, skip: int = 0) -> Iterator[TableBatch]:
        """Yield the rows in batches: see `RowReader`."""
        pa = import_arrow()
        groups, skip = self._groups_after(skip)
        for batch in self._file.iter_batches(batch_size=size, row_groups=groups, use_threads=False):
            table = pa.Table.from_batches([batch]).slice(skip)
            skip = max(0, skip - batch.num_rows)
            if table.num_rows:
                yield TableBatch(table)

    def empty(self) -> TableBatch:
        """Return the columns without rows."""
        return TableBatch(self._file.schema_arrow.empty_table())

    def _groups_after(self, skip: int) -> tuple[list[int], int]:
        """Return the row groups without those that are skipped whole, and the rows of the first one to skip."""
        groups = list(range(self._file.num_row_groups))
        while groups and skip >= (rows := self._file.metadata.row_group(groups[0]).num_rows):
            groups.pop(0)
            skip -= rows
        return groups, skip
