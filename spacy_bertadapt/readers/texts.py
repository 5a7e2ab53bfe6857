"""Raw texts: one a line, or one a JSON object."""

from collections.abc import Iterator
from pathlib import Path

from ..errors import Errors, InvalidError
from .lines import read_lines
from .rows import read_rows


def read_texts(path: Path) -> Iterator[str]:
    """Stream the texts of a file, without those that are empty.

    path: .txt with one text a line, or .jsonl with a `text` in each object; compressed if it ends in .gz.
    RAISES: FileNotFoundError, IsADirectoryError; ValueError for another suffix and for what can't be read.
    """
    suffix = Path(path.name.lower().removesuffix(".gz")).suffix
    if suffix == ".txt":
        texts = (line for _, line in read_lines(path))
    elif suffix == ".jsonl":
        texts = (row.text("text") for row in read_rows(path, ["text"], format="jsonl"))
    else:
        raise InvalidError(Errors.E511.format(path=path))
    return (stripped for text in texts if (stripped := text.strip()))
