"""Rows of JSON: an object on each line, or a list of objects."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from ...errors import Errors, InvalidError
from ..json_text import parse_json
from ..lines import read_lines

KeyedRows: TypeAlias = Iterator[tuple[int, Mapping[Any, object]]]
"""Rows: the number of the line or of the row, from 1, and the values by key."""


def read_json_lines(path: Path) -> KeyedRows:
    """Yield the objects of a file that has one on each line. Raises InvalidError for a line that holds none."""
    for number, line in read_lines(path):
        if line.strip():
            yield number, _parse_object(line, f"{path}:{number}")


def read_json_list(path: Path) -> KeyedRows:
    """Yield the objects of a list, or of the list `data` (or `rows`) of an object.

    Raises InvalidError for a file of another form.
    """
    for number, value in enumerate(read_list(path), start=1):
        yield number, _as_object(value, f"{path}:{number}")


def read_list(path: Path) -> list[Any]:
    """Return the list that a JSON file holds, or has under `data` or `rows`. Raises InvalidError if there is none."""
    try:
        value = parse_json("".join(line for _, line in read_lines(path)))
    except InvalidError:
        raise
    except ValueError as error:
        raise InvalidError(Errors.C014.format(source=path, reason=error)) from error
    if isinstance(value, dict):
        value = next((value[key] for key in ("data", "rows") if isinstance(value.get(key), list)), value)
    if not isinstance(value, list):
        raise InvalidError(Errors.C050.format(path=path, value=value))
    return value


def _parse_object(line: str, source: str) -> Mapping[Any, object]:
    try:
        value = parse_json(line.rstrip())
    except ValueError as error:
        raise InvalidError(Errors.C014.format(source=source, reason=error)) from error
    return _as_object(value, source)


def _as_object(value: object, source: str) -> Mapping[Any, object]:
    if not isinstance(value, dict):
        raise InvalidError(Errors.C015.format(source=source, value=value))
    return value
