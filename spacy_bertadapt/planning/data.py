"""Data as the commands open it: `.spacy` files of any task, and raw files by task."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Corpus, Example

from ..errors import Errors, InvalidError, NotFoundError
from ..readers.corpus import RecordCorpus
from ..tasks.ner.reader import ConllCorpus
from ..tasks.nli.reader import PairCorpus
from ..tasks.qa.reader import SquadCorpus
from ..tasks.qa.scorer import ANSWERS
from ..tasks.textcat.reader import TextcatCorpus

ReadExamples: TypeAlias = Callable[[Language], Iterable[Example]]
"""A corpus: gives Examples anew at every call."""

ReaderSettings: TypeAlias = Mapping[str, Any]
"""Settings of a task's reader, by its names for them: where in a raw file the parts stand."""


@dataclass(frozen=True, slots=True)
class Task:
    """What the commands must know of a task.

    reader: of raw files. gold: a Doc's labels, and whether each holds; None for a Doc without annotation.
    """

    reader: type[RecordCorpus[Any]]
    gold: Callable[[Doc], Mapping[str, bool] | None]


def get_task(name: str) -> Task:
    """The task of a name; ValueError if there is none."""
    if name not in TASKS:
        raise InvalidError(Errors.E501.format(task=name, known=", ".join(TASKS)))
    return TASKS[name]


def is_docbin(path: Path) -> bool:
    """Whether spaCy's own corpus reads the path: a `.spacy` file, or a directory of them."""
    return path.suffix == ".spacy" or path.is_dir()


def open_corpus(path: Path, task: str, settings: ReaderSettings, *, limit: int = 0) -> ReadExamples:
    """Open training or evaluation data.

    path: `.spacy` file or directory, or a raw file of the task. settings: used for raw files only.
    limit: the number of texts to read at most; 0 for all.
    Raises FileNotFoundError for a missing path, ValueError for an unknown task or setting; reading raises what the
    reader does.
    """
    reader = get_task(task).reader
    whole = complete_settings(task, settings)
    if not path.exists():
        raise NotFoundError(Errors.E502.format(path=path, cwd=Path.cwd()))
    return Corpus(path, limit=limit) if is_docbin(path) else reader(path, **{**whole, "limit": limit})


def complete_settings(task: str, settings: ReaderSettings) -> dict[str, Any]:
    """The settings of a task's reader, with its defaults. Raises ValueError for one that it doesn't have."""
    reader = get_task(task).reader
    parameters = inspect.signature(reader).parameters
    known = {name: each.default for name, each in parameters.items() if name != "path"}
    for name in settings:
        if name not in known:
            raise InvalidError(Errors.E508.format(reader=reader.__name__, setting=name, known=", ".join(known)))
    return known | dict(settings)


def _cats_gold(doc: Doc) -> dict[str, bool] | None:
    return {label: value > 0.5 for label, value in doc.cats.items()} or None


def _entity_gold(doc: Doc) -> dict[str, bool] | None:
    return {entity.label_: True for entity in doc.ents} if doc.has_annotation("ENT_IOB") else None


def _answer_gold(doc: Doc) -> dict[str, bool] | None:
    if ANSWERS not in doc.spans:
        return None
    return {"answerable": bool(len(doc.spans[ANSWERS])), "unanswerable": not len(doc.spans[ANSWERS])}


TASKS = {
    "textcat": Task(reader=TextcatCorpus, gold=_cats_gold),
    "nli": Task(reader=PairCorpus, gold=_cats_gold),
    "ner": Task(reader=ConllCorpus, gold=_entity_gold),
    "qa": Task(reader=SquadCorpus, gold=_answer_gold),
}
