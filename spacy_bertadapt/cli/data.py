"""Data as the commands open it: `.spacy` files of any task, and raw files by task."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Corpus, Example

from ..corpora.pairs import PairCorpus
from ..corpora.tables import Column
from ..corpora.textcat import TextcatCorpus
from ..errors import Errors

ReadExamples: TypeAlias = Callable[[Language], Iterable[Example]]
"""A corpus: gives Examples anew at every call."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Where a row of a raw file has its parts: settings of the task's reader, by the reader's names for them."""

    text: Column = "text"
    label: Column = "label"
    label_separator: str | None = None
    cats: str | None = None
    premise: Column = "premise"
    hypothesis: Column = "hypothesis"
    label_map: dict[str, str] | None = None

    @classmethod
    def from_options(
        cls,
        *,
        text: str,
        label: str,
        label_separator: str | None,
        cats: str | None,
        premise: str,
        hypothesis: str,
        label_map: str | None,
    ) -> Columns:
        """Take what the command line gave: digits are the number of a column. Raises ValueError for a broken map."""
        return cls(
            text=_column(text),
            label=_column(label),
            label_separator=label_separator,
            cats=cats,
            premise=_column(premise),
            hypothesis=_column(hypothesis),
            label_map=None if label_map is None else _read_map(label_map),
        )


@dataclass(frozen=True, slots=True)
class Task:
    """What the commands must know of a task.

    open_raw: opens a raw file, with the number of texts to read at most (0: all).
    gold: a Doc's labels, and whether each holds.
    """

    open_raw: Callable[[Path, Columns, int], ReadExamples]
    gold: Callable[[Doc], Mapping[str, bool]]


def get_task(name: str) -> Task:
    """The task of a name; ValueError if there is none."""
    if name not in TASKS:
        raise ValueError(Errors.E501.format(task=name, known=", ".join(TASKS)))
    return TASKS[name]


def is_docbin(path: Path) -> bool:
    """Whether spaCy's own corpus reads the path: a `.spacy` file, or a directory of them."""
    return path.suffix == ".spacy" or path.is_dir()


def open_corpus(path: Path, task: str, columns: Columns, *, limit: int = 0) -> ReadExamples:
    """Open training or evaluation data.

    path: `.spacy` file or directory, or a raw file of the task. columns: used for raw files only.
    limit: the number of texts to read at most; 0 for all.
    Raises FileNotFoundError for a missing path, ValueError for an unknown task; reading raises what the reader does.
    """
    opened = get_task(task)
    if not path.exists():
        raise FileNotFoundError(Errors.E502.format(path=path, cwd=Path.cwd()))
    return Corpus(path, limit=limit) if is_docbin(path) else opened.open_raw(path, columns, limit)


def _column(value: str) -> Column:
    return int(value) if value.removeprefix("-").isdecimal() else value


def _read_map(value: str) -> dict[str, str]:
    pairs = [part.split("=", 1) for part in value.split(",")]
    if any(len(pair) != 2 for pair in pairs):
        raise ValueError(Errors.E508.format(value=value))
    return {old.strip(): new.strip() for old, new in pairs}


def _open_textcat(path: Path, columns: Columns, limit: int) -> ReadExamples:
    return TextcatCorpus(
        path,
        text=columns.text,
        label=columns.label,
        label_separator=columns.label_separator,
        cats=columns.cats,
        limit=limit,
    )


def _open_nli(path: Path, columns: Columns, limit: int) -> ReadExamples:
    return PairCorpus(
        path,
        premise=columns.premise,
        hypothesis=columns.hypothesis,
        label=columns.label,
        label_map=columns.label_map,
        limit=limit,
    )


def _cats_gold(doc: Doc) -> dict[str, bool]:
    return {label: value > 0.5 for label, value in doc.cats.items()}


TASKS = {
    "textcat": Task(open_raw=_open_textcat, gold=_cats_gold),
    "nli": Task(open_raw=_open_nli, gold=_cats_gold),
}
