"""Rows of JSONL and CSV files. Bytes that are not UTF-8 spoil the row that they are in, and no other."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import IO, Any

from ...errors import Errors, InvalidError
from ...readers.lines import BOM, Lines, refuse_binary
from ...readers.tables import read_csv
from .batches import DictBatch, Row
from .row_reader import RowReader

MOST_CHARACTERS = 16 * 2**20  # of a batch: rows of long texts make smaller ones


class JsonlReader(RowReader):
    """Reads a JSON object from each line. A line that holds none is a broken row, but for the first one."""

    def __init__(self, stream: IO[bytes], name: str):
        """Raises ValueError if the first line holds no object."""
        lines = ((number, line) for number, line in numbered_lines(stream, name) if line.strip())
        first = list(islice(lines, 1))
        self._first = parse_row(first[0][1]) if first else None
        self._lines = chain(first, lines)
        self._name = name

    @property
    def columns(self) -> Mapping[str, bool] | None:
        """The keys of the first row, and whether each holds a string."""
        return None if self._first is None else {key: isinstance(value, str) for key, value in self._first.items()}

    def empty(self) -> DictBatch:
        """Return no rows."""
        return DictBatch([])

    def batches(self, size: int, *, skip: int = 0) -> Iterator[DictBatch]:
        """Yield the rows in batches: see `RowReader`."""
        lines = islice(self._lines, skip, None)
        while chunk := take(lines, size, lambda line: len(line[1])):
            rows: list[Row] = []
            broken: dict[int, str] = {}
            for number, line in chunk:
                try:
                    rows.append(parse_row(line))
                except (ValueError, RecursionError) as err:
                    broken[len(rows)] = Errors.C014.format(source=f"{self._name}:{number}", reason=err)
                    rows.append({})
            yield DictBatch(rows, broken)


class CsvReader(RowReader):
    """Reads rows of comma-separated fields, the first of which are the names of the columns."""

    def __init__(self, stream: IO[bytes], name: str):
        """Raises ValueError if two columns have one name."""
        self._name = name
        self._rows = read_csv(Path(name), numbered_lines(stream, name))
        first = next(self._rows, None)
        self._header = [] if first is None else first[1]
        for column in self._header:
            if (count := self._header.count(column)) > 1:
                raise InvalidError(Errors.C010.format(source=name, column=column, count=count))

    @property
    def columns(self) -> Mapping[str, bool] | None:
        """The names in the first row: all hold strings."""
        return dict.fromkeys(self._header, True) or None

    def batches(self, size: int, *, skip: int = 0) -> Iterator[DictBatch]:
        """Yield the rows in batches: see `RowReader`."""
        remaining = islice(self._rows, skip, None)
        while chunk := take(remaining, size, lambda row: sum(map(len, row[1]))):
            broken = {
                number: Errors.C008.format(source=f"{self._name}:{line}", width=len(fields), expected=len(self._header))
                for number, (line, fields) in enumerate(chunk)
                if len(fields) != len(self._header)
            }
            rows = [dict(zip(self._header, fields, strict=False)) for _, fields in chunk]
            yield DictBatch(rows, broken, self._header)

    def empty(self) -> DictBatch:
        """Return the columns without rows."""
        return DictBatch([], header=self._header)


def numbered_lines(stream: IO[bytes], name: str) -> Lines:
    """Yield the numbered lines of a file; bytes that are not UTF-8 become halves of surrogate pairs.

    Raises ValueError for a file that is UTF-16 or a ZIP archive.
    """
    for number, raw in enumerate(stream, start=1):
        if number == 1:
            refuse_binary(raw, name)
            raw = raw.removeprefix(BOM)
        yield number, raw.decode("utf8", "surrogateescape")


def parse_row(line: str) -> Row:
    """Return the object in a line of JSON. Raises ValueError if there is none, RecursionError if it is too deep."""
    try:
        value = json.loads(line)
    except json.JSONDecodeError as err:
        raise ValueError(f"{err.msg} at character {err.colno}") from err
    if not isinstance(value, dict):
        raise ValueError(f"it holds {type(value).__name__}, and no object")
    return value


def take(items: Iterator[Any], size: int, length: Any) -> Sequence[Any]:
    """Return the next items: `size` at most, and less if they are long. length: returns the characters of an item."""
    taken: list[Any] = []
    characters = 0
    for item in islice(items, size):
        taken.append(item)
        characters += length(item)
        if characters >= MOST_CHARACTERS:
            break
    return taken
