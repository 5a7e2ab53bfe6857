"""Raw texts: one on each line, or one in each JSON object."""

from collections.abc import Iterator
from pathlib import Path

from ..errors import Errors, InvalidError
from .lines import plain_suffix, read_lines
from .rows import Row, read_rows


def read_texts(path: Path) -> Iterator[str]:
    """Return an iterator over the texts of a file that are not empty, without white space at their ends.

    path: .txt with one text on each line, or .jsonl with a `text` in each object; unpacked if its name ends in .gz.
    Raises InvalidError for another suffix, and while iterating for a malformed row; NotFoundError and DirectoryError
    for a path without a file.
    """
    suffix = plain_suffix(path)
    if suffix == ".txt":
        texts = (line for _, line in read_lines(path))
    elif suffix == ".jsonl":
        texts = (_text(row) for row in read_rows(path, ["text"], format="jsonl"))
    else:
        raise InvalidError(Errors.E511.format(path=path))
    return (stripped for text in texts if (stripped := text.strip()))


def _text(row: Row) -> str:
    if "text" not in row.values:
        raise InvalidError(Errors.C039.format(source=row.source, keys=list(row.values)))
    return row.text("text")
