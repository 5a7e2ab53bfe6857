"""brat's standoff annotation (https://brat.nlplab.org/standoff.html): texts in .txt, their entities in .ann."""

import re
import warnings
from collections.abc import Iterator
from pathlib import Path

from ...errors import DirectoryError, Errors, InvalidError, NotFoundError, Warnings
from ..lines import read_lines
from .json_rows import KeyedRows

TEXT, ANNOTATION = ".txt", ".ann"
ENTITY = re.compile(r"T\d+\t(\S+) (\d+) (\d+)\t")
IN_PIECES = re.compile(r"T\d+\t\S+ \d+ \d+(;\d+ \d+)+\t")


def is_brat(path: Path) -> bool:
    """Return whether a folder holds annotations, or a file is one that belongs to a text."""
    return next(path.rglob(f"*{ANNOTATION}"), None) is not None if path.is_dir() else path.suffix == ANNOTATION


def read_brat(path: Path) -> KeyedRows:
    """Yield the text of each .ann file with its spans. path: a folder of such files and their texts, or one file.

    Entities in pieces are left out, and one warning counts them. Raises InvalidError for a line that is no entity,
    NotFoundError for a text that is missing.
    """
    pieces = 0
    for number, file in enumerate(_files(path), start=1):
        text = _read_text(file.with_suffix(TEXT))
        spans = []
        for line_number, line in read_lines(file):
            if IN_PIECES.match(line):
                pieces += 1
            elif line.startswith("T"):
                spans.append(_span(line, f"{file}:{line_number}"))
        yield number, {"text": text, "spans": spans, "answer": "accept"}
    if pieces:
        warnings.warn(Warnings.W407.format(path=path, count=pieces), stacklevel=2)


def _files(path: Path) -> Iterator[Path]:
    if path.is_dir():
        yield from sorted(path.rglob(f"*{ANNOTATION}"))
    elif path.exists():
        yield path.with_suffix(ANNOTATION) if path.suffix == TEXT else path
    else:
        raise NotFoundError(Errors.C001.format(path=path, cwd=Path.cwd()))


def _read_text(path: Path) -> str:
    if path.is_dir():
        raise DirectoryError(Errors.C002.format(path=path))
    if not path.is_file():
        raise NotFoundError(Errors.C054.format(path=path))
    try:
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        byte = f"0x{error.object[error.start]:02x}"
        raise InvalidError(Errors.C005.format(source=path, byte=byte, position=error.start + 1)) from error


def _span(line: str, source: str) -> dict[str, object]:
    match = ENTITY.match(line)
    if match is None:
        raise InvalidError(Errors.C055.format(source=source, line=line.strip()))
    label, start, end = match.groups()
    return {"start": int(start), "end": int(end), "label": label}
