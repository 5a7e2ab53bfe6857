"""Numbered lines of a UTF-8 text file, plain or gzipped, with errors that name the line."""

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TypeAlias

from ..errors import DirectoryError, Errors, InvalidError, NotFoundError

Lines: TypeAlias = Iterator[tuple[int, str]]
"""Numbers from 1, and lines."""

BOM = b"\xef\xbb\xbf"


def read_lines(path: Path) -> Lines:
    """Check that a file is there, and return an iterator over its lines.

    path: UTF-8 file, with or without a byte order mark; unpacked if its name ends in .gz.
    RETURNS: line numbers from 1, and lines with their end. A line ends at a line feed and nowhere else.
    RAISES: FileNotFoundError, IsADirectoryError; while iterating, ValueError for bytes that are not UTF-8 and
        for damaged gzip data.
    """
    if path.is_dir():
        raise DirectoryError(Errors.C002.format(path=path))
    if not path.exists():
        raise NotFoundError(Errors.C001.format(path=path, cwd=Path.cwd()))
    return _decode(path)


def _decode(path: Path) -> Lines:
    for number, raw in _read_raw(path):
        if number == 1:
            raw = raw.removeprefix(BOM)
        try:
            line = raw.decode("utf-8")
        except UnicodeDecodeError as error:
            source, byte = f"{path}:{number}", f"0x{raw[error.start]:02x}"
            raise InvalidError(Errors.C005.format(source=source, byte=byte, position=error.start + 1)) from None
        yield number, line


def _read_raw(path: Path) -> Iterator[tuple[int, bytes]]:
    number = 0
    with _open(path) as stream:
        try:
            for number, raw in enumerate(stream, start=1):
                yield number, raw
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise InvalidError(Errors.C006.format(path=path, line=number, reason=error)) from error


def _open(path: Path) -> IO[bytes] | gzip.GzipFile:
    if path.suffix.lower() == ".gz":
        return gzip.open(path, "rb")
    return path.open("rb")
