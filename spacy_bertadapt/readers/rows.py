"""Rows of files of any format. Each row knows the line on which it starts, or its number."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import isfinite, nan
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from ..errors import DirectoryError, Errors, InvalidError
from .formats.brat import is_brat, read_brat
from .formats.doccano import read_doccano
from .formats.fasttext import read_fasttext
from .formats.json_rows import KeyedRows, read_json_lines, read_json_list
from .formats.label_studio import read_label_studio
from .formats.parquet import is_dataset, read_parquet
from .formats.prodigy_rows import read_prodigy_rows
from .lines import plain_suffix, read_lines
from .tables import Column, read_csv, read_tsv, select_columns

Values: TypeAlias = Mapping[Any, object]
"""A row of CSV or TSV: strings by the names or numbers that were asked for; of other formats: the whole object."""

KEYED: Mapping[str, Callable[[Path], KeyedRows]] = {
    "jsonl": read_json_lines,
    "json": read_json_list,
    "parquet": read_parquet,
    "dataset": read_parquet,
    "prodigy": read_prodigy_rows,
    "label_studio": read_label_studio,
    "doccano": read_doccano,
    "fasttext": read_fasttext,
    "brat": read_brat,
}
"""The formats whose rows have keys."""

ROW_FORMATS = ("csv", "tsv", *KEYED)
FORMATS = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".txt": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".parquet": "parquet",
}
"""The format that a suffix stands for, where nothing else is said."""


class Row(NamedTuple):
    """A row of a file, and its place there.

    values: the row's content. path: the file. line: number, from 1, of the line on which the row starts, or of the row
    where rows have no lines.
    """

    values: Values
    path: Path
    line: int

    @property
    def source(self) -> str:
        """The row's place, as "file:line"."""
        return f"{self.path}:{self.line}"

    def value(self, column: Column) -> object:
        """Return the value in a column or under a key. Raises InvalidError if a JSON object lacks the key."""
        if column not in self.values:
            raise InvalidError(Errors.C017.format(source=self.source, key=column, keys=list(self.values)))
        return self.values[column]

    def text(self, column: Column) -> str:
        """Return the text in a column, which may be empty. Raises InvalidError if the value is no string."""
        value = self.value(column)
        if not isinstance(value, str):
            raise InvalidError(Errors.C018.format(source=self.source, key=column, value=value))
        return value

    def labels(self, column: Column, *, separator: str | None = None) -> list[str] | None:
        """Return the labels in a column, without the white space around them; None for an unlabelled row.

        column: holds a string; in JSONL also a number, null, or a list of strings and numbers.
        separator: splits a string into several labels; None takes it whole.
        Returns labels in the row's order, none of them empty. Only the list `[]` says that no label holds; null and
        strings without a label leave it open.
        Raises InvalidError for a value of another type.
        """
        value = self.value(column)
        if value is None or value == []:
            return value
        if isinstance(value, str) and separator:
            value = value.split(separator)
        labels = [self._label(item) for item in (value if isinstance(value, list) else [value])]
        return [label for label in labels if label] or None

    def number(self, column: Column) -> float | None:
        """Return the number in a column; None for an empty string or null. Raises InvalidError for anything else."""
        value = self.value(column)
        if value is None or (isinstance(value, str) and not value.strip()):
            return None
        try:
            number = float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else nan
        except (ValueError, OverflowError):
            number = nan
        if not isfinite(number) or "_" in str(value):  # Python reads 1_000 as a number
            raise InvalidError(Errors.E363.format(source=self.source, column=column, value=value))
        return number

    def _label(self, value: object) -> str:
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            raise InvalidError(Errors.C019.format(source=self.source, label=value))
        return str(value).strip()


def read_rows(
    path: Path,
    columns: Sequence[Column],
    *,
    header: bool | None = None,
    format: str | None = None,
    separator: str | None = None,
) -> Iterator[Row]:
    """Yield the rows of a file, in its order. Empty lines are no rows.

    path: the file, or the folder that the format has; text is unpacked if the file's name ends in .gz.
    columns: the columns that the reader needs: names or numbers (CSV, TSV), or keys.
    header: whether CSV and TSV start with a row of names; None: if any of `columns` is a name.
    format: "csv", "tsv", or one of `KEYED`; None: as `format_of` tells it.
    separator: of the fields of CSV; None: a comma.
    Raises NotFoundError and DirectoryError for a path without a file; InvalidError for an unknown format, a missing
    column and a malformed row.
    """
    format = format or format_of(path)
    rows: Iterator[tuple[int, Values]]
    if format in KEYED:
        rows = _read_keyed(path, format, columns)
    elif format == "csv":
        rows = select_columns(
            path, read_csv(path, read_lines(path), separator=separator or ","), columns, header=header
        )
    elif format == "tsv":
        rows = select_columns(path, read_tsv(read_lines(path)), columns, header=header)
    else:
        raise InvalidError(Errors.C004.format(path=path, format=format, known=", ".join(ROW_FORMATS)))
    for line, values in rows:
        yield Row(values, path, line)


def format_of(path: Path) -> str:
    """Return the format that a path's name tells, or that of a folder. Raises InvalidError if it tells none."""
    if path.is_dir() and is_dataset(path):
        return "dataset"
    if is_brat(path):
        return "brat"
    suffix = plain_suffix(path)
    if path.is_dir():
        raise DirectoryError(Errors.C002.format(path=path))
    if suffix not in FORMATS:
        raise InvalidError(Errors.C004.format(path=path, format=suffix, known=", ".join(FORMATS)))
    return FORMATS[suffix]


def _read_keyed(path: Path, format: str, columns: Sequence[Column]) -> Iterator[tuple[int, Values]]:
    for column in columns:
        if not isinstance(column, str):
            raise InvalidError(Errors.C016.format(path=path, format=format, column=column))
    return KEYED[format](path)
