"""Files and folders that are replaced whole or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import srsly

from .errors import Errors, InvalidError


@contextmanager
def replaced_folder(path: Path) -> Iterator[Path]:
    """Yield an empty folder to write into; it takes the place of `path` when all is written.

    A process that is killed at any moment leaves either the old folder or the new one for `saved_folder`.
    """
    fresh, previous = _aside(path, "new"), _aside(path, "previous")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    try:
        yield fresh
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    if path.exists():
        shutil.rmtree(previous, ignore_errors=True)
        path.rename(previous)
    fresh.rename(path)
    shutil.rmtree(previous, ignore_errors=True)


def saved_folder(path: Path) -> Path:
    """Where the last complete save of `path` lies: there, or aside if a save was cut short between two renames."""
    previous = _aside(path, "previous")
    return previous if previous.is_dir() and not path.exists() else path


def write_json_whole(path: Path, content: Any) -> None:
    """Write JSON aside, and put it in the place of `path`."""
    fresh = _aside(path, "new")
    srsly.write_json(fresh, content)
    fresh.replace(path)


def read_json_object(path: Path) -> dict[str, Any]:
    """Read what `write_json_whole` wrote. Raises ValueError that names the file if it is no JSON object."""
    try:
        content = srsly.read_json(path)
    except (OSError, ValueError) as err:
        raise InvalidError(Errors.E105.format(path=path, reason=f"can't be read: {err}")) from None
    if not isinstance(content, dict):
        raise InvalidError(Errors.E105.format(path=path, reason="holds no JSON object"))
    return content


def _aside(path: Path, what: str) -> Path:
    return path.with_name(f".{path.name}.{what}")
