"""Lines of fastText's kind: labels such as `__label__spam`, and then the text (https://fasttext.cc/docs/)."""

from pathlib import Path

from ...errors import Errors, InvalidError
from ..lines import read_lines
from .json_rows import KeyedRows

PREFIX = "__label__"


def read_fasttext(path: Path) -> KeyedRows:
    """Yield `text` and the list `label` of each line. Raises InvalidError for a line without a label."""
    for number, line in read_lines(path):
        words = line.split(" ")
        labels = []
        while words and words[0].strip().startswith(PREFIX):
            labels.append(words.pop(0).strip().removeprefix(PREFIX))
        if not line.strip():
            continue
        if not labels or not all(labels):
            raise InvalidError(Errors.C053.format(source=f"{path}:{number}", line=line.strip()))
        yield number, {"text": " ".join(words).strip(), "label": labels}
