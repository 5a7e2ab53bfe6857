"""Scores of a pipeline on data of a task."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc

from ..errors import Errors, InvalidError
from ..planning.data_files import check_is_pair, open_corpus
from ..planning.task import Settings, Task


def evaluate(
    nlp: Language, data: Path, *, task: Task, reader: Settings | None = None, limit: int = 0
) -> Mapping[str, Any]:
    """Return every score of a pipeline, by the names that `nlp.evaluate` gives them.

    data: `.spacy`, or a raw file of the task. reader: settings of the task's reader. limit: the number of texts to read
    at most; 0 for all.
    Raises FileNotFoundError for missing data, ValueError for what the reader can't read, for data without texts or
    without annotation for the task, and for a pipeline without a component that the task's score is about.
    """
    scores = {score for name in nlp.pipe_names for score in nlp.get_pipe_meta(name).default_score_weights or ()}
    if task.score.name not in scores:
        shown = {"task": task.name, "score": task.score.name, "components": _names(nlp)}
        raise InvalidError(Errors.E535.format(**shown))
    corpus = open_corpus(data, task, reader or {}, limit=limit)
    examples = list(corpus(nlp))
    if not examples:
        raise InvalidError(Errors.E506.format(path=data))
    for example in examples:
        check_is_pair(example.reference, data, task)
    if not any(_is_annotated(example.reference, task) for example in examples):
        shown = {"things": task.things, "task": task.name, "components": _names(nlp)}
        raise InvalidError(Errors.E534.format(path=data, count=len(examples), **shown))
    return nlp.evaluate(examples)


def _is_annotated(doc: Doc, task: Task) -> bool:
    """Return whether a Doc has gold annotation; spans may stand under any key that is not of a part."""
    return task.gold(doc) is not None or bool(set(doc.spans) - set(task.parts or ()))


def _names(nlp: Language) -> str:
    return ", ".join(nlp.pipe_names) or "none"
