"""Prodigy's JSONL (https://prodi.gy/docs/api-interfaces): the choices of its `choice` interface become labels."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...errors import Errors, InvalidError
from .json_rows import KeyedRows, read_json_lines


def read_prodigy_rows(path: Path) -> KeyedRows:
    """Yield the rows; one with `options` has the list `label` of those that were accepted.

    Raises InvalidError for a malformed row.
    """
    for number, values in read_json_lines(path):
        if "options" in values and "label" not in values:
            yield number, {**values, "label": _accepted(values, f"{path}:{number}")}
        else:
            yield number, values


def _accepted(values: Mapping[Any, object], source: str) -> list[str] | None:
    """Return the options that were accepted, by their `id`; None for a row without an answer."""
    accepted = values.get("accept")
    if accepted is None:
        return None
    if not isinstance(accepted, list):
        raise InvalidError(Errors.C019.format(source=source, label=accepted))
    return [str(option) for option in accepted]
