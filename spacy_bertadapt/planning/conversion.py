"""Raw files as spaCy's own format."""

from __future__ import annotations

from pathlib import Path

from spacy.tokens import DocBin

from ..errors import Errors, InvalidError
from .data_files import read_examples
from .data_summary import LabelSurvey
from .task import Settings, Task


def convert(
    source: Path, output: Path, *, task: Task, lang: str = "en", reader: Settings | None = None, limit: int = 0
) -> LabelSurvey:
    """Write the Docs of a data file as a DocBin, in their order, and return the number of Docs for each label.

    output: `.spacy` file; its folders are made. lang: whose tokenizer splits the texts.
    reader: settings of the task's reader. limit: the number of texts to read at most; 0 for all.
    Raises FileNotFoundError for a missing file, ValueError for an unknown setting, another suffix and for what the
    reader can't read.
    """
    if output.suffix != ".spacy":
        raise InvalidError(Errors.E507.format(path=output))
    docs, labels = DocBin(store_user_data=True), LabelSurvey()
    for example in read_examples(source, task, reader or {}, lang=lang, limit=limit, title="Converting"):
        docs.add(example.reference)
        labels.add(task.gold(example.reference))
    if not len(docs):
        raise InvalidError(Errors.E529.format(path=source))
    output.parent.mkdir(parents=True, exist_ok=True)
    docs.to_disk(output)
    return labels
