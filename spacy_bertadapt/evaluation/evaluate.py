"""Scores of a pipeline on data of a task."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from spacy.language import Language

from ..errors import Errors, InvalidError
from ..planning.data_files import open_corpus
from ..planning.task import Settings, Task


def evaluate(
    nlp: Language, data: Path, *, task: Task, reader: Settings | None = None, limit: int = 0
) -> Mapping[str, Any]:
    """Return every score of a pipeline, by the names that `nlp.evaluate` gives them.

    data: `.spacy`, or a raw file of the task. reader: settings of the task's reader. limit: the number of texts to read
    at most; 0 for all.
    Raises FileNotFoundError for missing data, ValueError for what the reader can't read and for data without texts.
    """
    corpus = open_corpus(data, task, reader or {}, limit=limit)
    examples = list(corpus(nlp))
    if not examples:
        raise InvalidError(Errors.E506.format(path=data))
    return nlp.evaluate(examples)
