"""Samples of files: the first rows of a table as columns, whatever its separator, with or without a header."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import Any

from ...errors import InvalidError
from ...readers.lines import read_lines
from ...readers.rows import KEYED
from ...readers.tables import LABEL_NAMES, TEXT_NAMES, read_csv, read_tsv
from .columns import LABELS, NUMBERS, PAIRS, TEXTS, Column

ROWS = 2000
IDS = ("id", "idx", "index")
KNOWN = frozenset(chain(TEXT_NAMES, LABEL_NAMES, NUMBERS, IDS, *TEXTS, *PAIRS, *LABELS))
CSV_SEPARATORS = (",", ";", "|", "\t")
FEWEST_ROWS_TO_TELL = 5


@dataclass(frozen=True, slots=True)
class Table:
    """A sample of a table.

    columns: by name, or by number where there is no header. settings: of the reader, for the format. has_header: None:
    neither yes nor no is clear, and `columns` are as if it had one.
    """

    columns: Sequence[Column]
    settings: Mapping[str, Any] = field(default_factory=dict)
    has_header: bool | None = True


def sample_keyed(path: Path, format: str) -> Table:
    """Return a sample of rows with keys. Raises what their reader raises."""
    rows = [values for _, values in islice(KEYED[format](path), ROWS)]
    keys = dict.fromkeys(key for values in rows for key in values)
    return Table([Column(str(key), [values.get(key) for values in rows]) for key in keys])


def sample_lines(path: Path, *, format: str | None = None, separator: str | None = None) -> Table | None:
    """Return a sample of CSV or TSV; None if no separator gives rows of one width.

    format, separator: those that are given; None: all are tried. A table with tabs and no quoted fields is TSV.
    """
    tried = _ways(format, separator)
    tables = [
        _with_header(rows, way)
        for way in tried
        if (rows := _rows(path, **way)) is not None and (len(rows[0]) > 1 or len(tried) == 1)
    ]
    return max(tables, key=lambda table: sum(column.plain in KNOWN for column in table.columns), default=None)


def _ways(format: str | None, separator: str | None) -> list[dict[str, str]]:
    if separator is not None:
        return [{"format": "csv", "separator": separator}]
    if format is not None:
        return [{"format": format}]
    return [{"format": "tsv"}, *({"format": "csv", "separator": mark} for mark in CSV_SEPARATORS)]


def _rows(path: Path, *, format: str, separator: str = ",") -> list[list[str]] | None:
    """Return the first rows, all of one width; None if this is no way to read the file."""
    try:
        lines = read_lines(path)
        fields = read_tsv(lines) if format == "tsv" else read_csv(path, lines, separator=separator)
        rows = [row for _, row in islice(fields, ROWS + 1)]
    except (InvalidError, csv.Error):
        return None
    if not rows or len({len(row) for row in rows}) > 1:
        return None
    is_quoted = format == "tsv" and any(_is_quoted(field) for row in rows for field in row)
    return None if is_quoted else rows


def _is_quoted(field: str) -> bool:
    """Return whether a field has the quotes that CSV asks for around a quote, a tab or a line break."""
    inner = field[1:-1]
    return len(field) > 1 and field[0] == field[-1] == '"' and '"' not in inner.replace('""', "") and '""' in inner


def _with_header(rows: list[list[str]], way: Mapping[str, str]) -> Table:
    header = _has_header(rows)
    names: Sequence[str | int] = [name.strip() for name in rows[0]] if header is not False else range(len(rows[0]))
    body = rows if header is False else rows[1:]
    columns = (
        [Column(name, list(values)) for name, values in zip(names, zip(*body, strict=True), strict=True)]
        if body
        else []
    )
    return Table(columns, dict(way), header)


def _has_header(rows: list[list[str]]) -> bool | None:
    """Return whether the first row holds names: known ones, or texts where other rows have numbers or few values."""
    first, body = rows[0], rows[1:]
    cells = [Column(cell, ()).plain for cell in first]
    if len(set(cells)) < len(cells) or any(not cell.strip() for cell in first[1:]):
        return False
    if any(cell in KNOWN for cell in cells) and all(len(cell.split()) <= 3 for cell in first):
        return True
    columns = [Column(number, list(values)) for number, values in enumerate(zip(*body, strict=True))] if body else []
    signs = [_sign(cell, column) for cell, column in zip(first, columns, strict=False)]
    if False in signs:
        return False
    return True if True in signs else None


def _sign(cell: str, column: Column) -> bool | None:
    """Return whether a cell is the name of its column (True), one of its values (False), or either (None)."""
    if cell.strip() in column.counts:
        return False
    if len(column.filled) < FEWEST_ROWS_TO_TELL:
        return None
    is_number = Column("", [cell]).are_numbers
    if column.are_numbers or is_number:
        return column.are_numbers and not is_number if column.are_numbers != is_number else None
    return True if column.may_be_labels else None
