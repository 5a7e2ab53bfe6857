"""Files and folders that are replaced whole or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import srsly


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


def _aside(path: Path, what: str) -> Path:
    return path.with_name(f".{path.name}.{what}")
