"""Saves that are complete or not made at all: files and folders are written aside, then put in their place."""

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
    """Yield an empty folder to write into, beside `path`, and put it in the place of `path` at the end of the block.

    After an error in the block the old folder stays as it was. If the process is killed, at any moment, `saved_folder`
    still gives either the old folder or the new one, complete.
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
    """Return the folder with the last complete save of `path`.

    That is `path`, or the previous save beside it where the process was killed before the new one took its place.
    """
    previous = _aside(path, "previous")
    return previous if previous.is_dir() and not path.exists() else path


def write_json_whole(path: Path, content: Any) -> None:
    """Write JSON to a file beside `path`, and put it in the place of `path` when it is complete."""
    fresh = _aside(path, "new")
    srsly.write_json(fresh, content)
    fresh.replace(path)


def write_text_whole(path: Path, text: str) -> None:
    """Write a text to a file beside `path`, in UTF-8, and put it in the place of `path` when it is complete."""
    fresh = _aside(path, "new")
    fresh.write_text(text, encoding="utf8")
    fresh.replace(path)


def read_json_object(path: Path) -> dict[str, Any]:
    """Return the JSON object in a file. Raises ValueError that names the file if it can't be read or holds none."""
    try:
        content = srsly.read_json(path)
    except (OSError, ValueError) as err:
        raise InvalidError(Errors.E105.format(path=path, reason=f"can't be read: {err}")) from err
    if not isinstance(content, dict):
        raise InvalidError(Errors.E105.format(path=path, reason="holds no JSON object"))
    return content


def _aside(path: Path, what: str) -> Path:
    """Return a hidden path in the same folder. what: "new" or "previous"."""
    return path.with_name(f".{path.name}.{what}")
