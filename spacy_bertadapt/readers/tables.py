"""CSV and TSV: numbered lines are split into fields, and the columns that a reader asks for are selected."""

import csv
import warnings
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import TypeAlias

from ..errors import Errors, InvalidError, Warnings
from .lines import Lines

Column: TypeAlias = str | int
"""A column by its name in the header, or by its number: 0 is the first, -1 the last."""

Fields: TypeAlias = Iterator[tuple[int, list[str]]]
"""Rows: the number of the line on which the row starts, and a string for each column."""

MAX_FIELD_LENGTH = 100_000_000  # characters

TEXT_NAMES = {"text", "sentence", "sentence1", "sentence2", "sentence_a", "sentence_b", "premise", "hypothesis"}
LABEL_NAMES = {"label", "labels", "tag", "class", "category", "target", "sentiment", "gold_label"}
"""Names of columns, in small letters, that are unlikely as a text or a label."""


def read_csv(path: Path, lines: Lines, *, separator: str = ",") -> Fields:
    """Yield the rows of lines with a separator (RFC 4180). A field in double quotes may span lines.

    The process-wide `csv.field_size_limit` becomes 100 million characters: its default of 131,072 fails on long
    documents, and without any limit a lost quote would read the rest of the file into one field.
    Raises InvalidError for a quote that is not closed, text after a closing quote, and a field beyond the limit.
    """
    csv.field_size_limit(max(csv.field_size_limit(), MAX_FIELD_LENGTH))
    reader = csv.reader((line for _, line in lines), strict=True, delimiter=separator)
    while True:
        start = reader.line_num + 1
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise InvalidError(Errors.C007.format(source=f"{path}:{start}", reason=error)) from error
        if fields:
            yield start, fields


def read_tsv(lines: Lines) -> Fields:
    """Yield the rows of tab-separated lines; quotes and backslashes are ordinary characters."""
    for number, line in lines:
        line = line.removesuffix("\n").removesuffix("\r")
        if line:
            yield number, line.split("\t")


def select_columns(
    path: Path, rows: Fields, columns: Sequence[Column], *, header: bool | None
) -> Iterator[tuple[int, dict[Column, str]]]:
    """Yield the line and the selected fields of each row; the keys are the columns as the caller gave them.

    path: the file, for messages.
    rows: all rows; each must have as many fields as the first.
    columns: names or numbers, no two of the same column.
    header: whether the first row holds the names; None: if any of `columns` is a name, and else a first row that looks
    like names is reported.
    Raises InvalidError for a column that the file doesn't have and for a row of another width.
    """
    names = [column for column in columns if isinstance(column, str)]
    if names and header is False:
        raise InvalidError(Errors.C011.format(path=path, column=names[0]))
    first = next(rows, None)
    if first is None:
        return
    indices = _find_columns(f"{path}:{first[0]}", first[1], columns)
    width = len(first[1])
    asked_for = {first[1][index].strip().casefold() for index in indices.values()}
    if header is None and not names and asked_for & (TEXT_NAMES | LABEL_NAMES):
        warnings.warn(Warnings.W405.format(source=f"{path}:{first[0]}", fields=first[1]), stacklevel=2)
    for line, fields in rows if header or names else chain([first], rows):
        if len(fields) != width:
            raise InvalidError(Errors.C008.format(source=f"{path}:{line}", width=len(fields), expected=width))
        yield line, {column: fields[index] for column, index in indices.items()}


def _find_columns(source: str, first: list[str], columns: Sequence[Column]) -> dict[Column, int]:
    header = [name.strip() for name in first]
    indices = {
        column: _find_name(source, header, column) if isinstance(column, str) else _find_number(source, first, column)
        for column in columns
    }
    if len(set(indices.values())) < len(columns):
        raise InvalidError(Errors.C013.format(source=source, columns=" and ".join(map(repr, columns))))
    return indices


def _find_name(source: str, header: list[str], column: str) -> int:
    count = header.count(column)
    if count == 0:
        raise InvalidError(Errors.C009.format(source=source, column=column, columns=header))
    if count > 1:
        raise InvalidError(Errors.C010.format(source=source, column=column, count=count))
    return header.index(column)


def _find_number(source: str, first: list[str], column: int) -> int:
    width = len(first)
    if not -width <= column < width:
        raise InvalidError(Errors.C012.format(source=source, column=column, width=width, columns=first))
    return column % width
