"""The files that an input names: one file, those of a folder, or those that a pattern matches."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from fsspec import AbstractFileSystem
from fsspec.core import has_magic, url_to_fs

from ...errors import Errors, InvalidError, NotFoundError

FileSystem: TypeAlias = AbstractFileSystem

FORMATS = {".parquet": "parquet", ".jsonl": "jsonl", ".csv": "csv"}
SUFFIXES = {format: suffix for suffix, format in FORMATS.items()}
CHANGES = ("mtime", "LastModified", "last_modified", "updated", "ETag", "etag", "created")
"""What file systems call the time of a file's last change, or what changes with it."""


@dataclass(frozen=True, slots=True)
class InputFile:
    """A file of rows.

    path: in its file system. name: its path in the folder that was named, for messages and for its output. format:
    "parquet", "jsonl" or "csv". identity: its size and last change: another one says that it has changed.
    """

    system: FileSystem
    path: str
    name: str
    format: str
    identity: str


def find_inputs(source: str) -> list[InputFile]:
    """Return the files of rows that a path, a folder, a pattern such as `data/*.csv`, or a URL of one of these names.

    Those of a folder are also those in folders within; names that begin with "_" or "." are left out.
    Raises FileNotFoundError if there is nothing, ValueError for files of no known format.
    """
    system, path = url_to_fs(source)
    path = path.rstrip("/") or path
    if system.isfile(path):
        found = [(posixpath.basename(path), system.info(path))]
    elif system.isdir(path):
        found = [(_below(name, path), info) for name, info in system.find(path, detail=True).items()]
    elif has_magic(path):
        folder = _fixed_part(path)
        matches = {name: info for name, info in system.glob(path, detail=True).items() if info["type"] == "file"}
        found = [(_below(name, folder), info) for name, info in matches.items()]
    else:
        raise NotFoundError(Errors.E502.format(path=source, cwd=Path.cwd()))
    files = [file for name, info in sorted(found, key=lambda row: row[0]) for file in _rows_in(system, name, info)]
    if not files:
        raise InvalidError(Errors.E588.format(path=source, known=", ".join(FORMATS)))
    return files


def format_of(name: str) -> str | None:
    """Return the format of a file by its name, which may end in .gz; None: it is none of rows."""
    plain = name.lower()
    format = FORMATS.get(posixpath.splitext(plain.removesuffix(".gz"))[1])
    return None if format == "parquet" and plain.endswith(".gz") else format


def output_name(file: InputFile, format: str) -> str:
    """Return the name of a file's output, below the folder of all outputs; packed if the file is, and keeps its format.

    format: of the output.
    """
    if format == file.format:
        return file.name
    plain = file.name[: -len(".gz")] if file.name.lower().endswith(".gz") else file.name
    return posixpath.splitext(plain)[0] + SUFFIXES[format]


def _rows_in(system: FileSystem, name: str, info: dict[str, Any]) -> Iterator[InputFile]:
    """Yield the file of that name, if it is one of rows."""
    format = format_of(name)
    if format is not None and not any(part.startswith(("_", ".")) for part in name.split("/")):
        change = next((info[key] for key in CHANGES if key in info), "")
        yield InputFile(system, info["name"], name, format, f"{info.get('size')} {change}")


def _below(path: str, folder: str) -> str:
    return path.removeprefix(folder.rstrip("/")).lstrip("/")


def _fixed_part(pattern: str) -> str:
    """Return the folders of a pattern that have no wildcard."""
    parts = pattern.split("/")
    count = next(number for number, part in enumerate(parts) if has_magic(part))
    return "/".join(parts[:count])
