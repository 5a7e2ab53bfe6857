"""Numbered lines of a UTF-8 text file, plain or gzipped. Errors name the line."""

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TypeAlias

from ..errors import DirectoryError, Errors, InvalidError, NotFoundError

Lines: TypeAlias = Iterator[tuple[int, str]]
"""Lines and their numbers, from 1."""

BOM = b"\xef\xbb\xbf"
UTF_16 = (b"\xff\xfe", b"\xfe\xff")
ZIP = b"PK\x03\x04"


def read_lines(path: Path) -> Lines:
    """Return an iterator over the numbered lines of a file. A line ends at a line feed and nowhere else, and keeps it.

    path: UTF-8 file, with or without a byte order mark; unpacked if its name ends in .gz.
    Raises NotFoundError and DirectoryError for a path without a file. While iterating, raises InvalidError for bytes
    that are not UTF-8 and for damaged gzip data.
    """
    if path.is_dir():
        raise DirectoryError(Errors.C002.format(path=path))
    if not path.exists():
        raise NotFoundError(Errors.C001.format(path=path, cwd=Path.cwd()))
    return _decode(path)


def plain_suffix(path: Path) -> str:
    """Return the suffix of a file's name in small letters, without the .gz of a packed one: ".csv" for A.CSV.gz."""
    return Path(path.name.lower().removesuffix(".gz")).suffix


def _decode(path: Path) -> Lines:
    for number, raw in _read_raw(path):
        if number == 1:
            refuse_binary(raw, path)
            raw = raw.removeprefix(BOM)
        try:
            line = raw.decode("utf-8")
        except UnicodeDecodeError as error:
            source, byte = f"{path}:{number}", f"0x{raw[error.start]:02x}"
            raise InvalidError(Errors.C005.format(source=source, byte=byte, position=error.start + 1)) from error
        yield number, line


def refuse_binary(start: bytes, path: Path | str) -> None:
    """Raise InvalidError for the first bytes of a file that is no UTF-8, if they say what it is."""
    if start.startswith(UTF_16):
        raise InvalidError(Errors.C036.format(path=path))
    if start.startswith(ZIP):
        raise InvalidError(Errors.C037.format(path=path))


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
