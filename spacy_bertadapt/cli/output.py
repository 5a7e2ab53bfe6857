"""Files that commands write: whether that will be possible, known before the work."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..errors import Errors, InvalidError, SaveError

PIPELINE_FILES = ("meta.json", "config.cfg")


def check_output(path: Path, *, inputs: Sequence[Path]) -> None:
    """Raise ValueError if a file would be written over an input, OSError if it can't be written at a path.

    inputs: the files and folders that the command reads. Folders on the way to `path` can be made.
    """
    if path.is_file() and any(path.samefile(part) for source in inputs for part in _files(source)):
        raise InvalidError(Errors.E532.format(output=path))
    reason = _obstacle(path.absolute())
    if reason is not None:
        raise SaveError(Errors.E527.format(path=path, reason=reason))


def check_config_name(path: Path) -> None:
    """Raise ValueError if a config is to have another suffix than .cfg, by which spaCy's commands and ours know it."""
    if path.suffix != ".cfg":
        raise InvalidError(Errors.E533.format(path=path))


def _files(source: Path) -> Iterator[Path]:
    """Yield the file at a path; of a folder the files that make it data or a pipeline."""
    if source.is_dir():
        yield from source.rglob("*.spacy")
        yield from (source / name for name in PIPELINE_FILES if (source / name).is_file())
    elif source.is_file():
        yield source


def _obstacle(path: Path) -> str | None:
    """Return why a file can't be written; None if it can."""
    if path.exists():
        if path.is_dir():
            return "it is a folder"
        if not path.is_file():
            return "it is no ordinary file"
        return None if os.access(path, os.W_OK) else "it is write-protected"
    folder = next(parent for parent in path.parents if parent.exists())
    if not folder.is_dir():
        return f"{folder} is a file, and no folder"
    try:  # the rights alone don't say it: root has them all, and some file systems take no files
        with tempfile.TemporaryFile(dir=folder):
            return None
    except OSError as err:
        return f"the folder {folder} can't be written: {err.strerror}"
