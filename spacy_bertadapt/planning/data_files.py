"""Corpora for the commands: `.spacy` files of any task, and raw files by task."""

from __future__ import annotations

import inspect
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import spacy
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Corpus, Example
from tqdm import tqdm  # type: ignore[import-untyped]

from ..errors import Errors, InvalidError, NotFoundError
from ..pairs import is_pair
from ..readers.formats.brat import is_brat
from ..readers.formats.parquet import is_dataset
from ..readers.settings import check_setting, read_setting, setting_types
from .task import Settings, Task

ReadExamples: TypeAlias = Callable[[Language], Iterable[Example]]
"""A corpus: every call reads the Examples again."""

DAMAGES = (ValueError, TypeError, LookupError, AttributeError, OverflowError, EOFError, zlib.error)
"""What spaCy raises for a file that is not what its name says, by where it meets the first wrong byte."""

DELIMITER_NAMES = ("delimiter", "sep", "separator")
"""What other libraries call the setting that our readers have no need of."""


def is_docbin(path: Path) -> bool:
    """Return whether spaCy's own corpus reads the path: a `.spacy` file, or a directory of them."""
    return path.suffix == ".spacy" or (path.is_dir() and not (is_dataset(path) or is_brat(path)))


def check_data(path: Path) -> None:
    """Raise FileNotFoundError for a path without data, ValueError for a folder without `.spacy` files."""
    if not path.exists():
        raise NotFoundError(Errors.E502.format(path=path, cwd=Path.cwd()))
    if path.is_dir() and is_docbin(path) and not any(path.rglob("*.spacy")):
        raise InvalidError(Errors.E540.format(path=path))


def check_is_pair(doc: Doc, path: Path, task: Task) -> None:
    """Raise ValueError if a task needs pairs, and a Doc is none. path: of the data, for the message."""
    if task.parts is not None and not is_pair(doc, task.parts):
        raise InvalidError(Errors.E536.format(path=path, task=task.name, text=doc.text[:60]))


def open_corpus(path: Path, task: Task, settings: Settings, *, limit: int = 0) -> ReadExamples:
    """Return training or evaluation data as a corpus.

    path: `.spacy` file or directory, or a raw file of the task. settings: of the task's reader, used for raw files
    only. limit: the number of texts to read at most; 0 for all.
    Raises FileNotFoundError for a missing path, ValueError for an unknown setting; reading raises what the reader does.
    """
    whole = complete_settings(task, settings)
    check_data(path)
    if is_docbin(path):
        return partial(_read_docbin, path, limit)
    return task.reader_class(path, **{**whole, "limit": limit or whole["limit"]})


def read_examples(
    path: Path, task: Task, settings: Settings, *, lang: str = "en", limit: int = 0, title: str | None = None
) -> Iterator[Example]:
    """Yield the Examples of a data file under a progress bar. Raises what `open_corpus` and the reader do.

    lang: whose tokenizer splits the texts. title: the text beside the bar. Other arguments: see `open_corpus`.
    """
    corpus = open_corpus(path, task, settings, limit=limit)
    yield from with_progress(corpus, lang=lang, title=title or f"Reading {path.name}")


def with_progress(corpus: ReadExamples, *, lang: str, title: str) -> Iterator[Example]:
    """Yield the Examples of a corpus under a progress bar. lang: whose tokenizer splits the texts."""
    examples = corpus(spacy.blank(lang))
    yield from tqdm(examples, desc=title, unit=" texts", delay=1, leave=False, disable=None)


def parse_settings(task: Task, texts: Mapping[str, str]) -> dict[str, Any]:
    """Return the settings of a task's reader that are given as texts, by name, as on the command line.

    Raises ValueError for a setting that the reader doesn't have, and for a value of another type than it takes.
    """
    complete_settings(task, texts)
    reader, types = task.reader_class, setting_types(task.reader_class)
    settings = {name: read_setting(text, types[name]) for name, text in texts.items()}
    for name, value in settings.items():
        check_setting(reader.__name__, name, value, types[name])
    return settings


def complete_settings(task: Task, settings: Settings) -> dict[str, Any]:
    """Return the settings of a task's reader, with its defaults. Raises ValueError for one that it doesn't have."""
    reader = task.reader_class
    parameters = inspect.signature(reader).parameters
    known = {name: parameter.default for name, parameter in parameters.items() if name != "path"}
    for name in settings:
        if name in DELIMITER_NAMES and name not in known:
            raise InvalidError(Errors.E538.format(reader=reader.__name__, setting=name))
        if name not in known:
            raise InvalidError(Errors.E508.format(reader=reader.__name__, setting=name, known=", ".join(known)))
    return known | dict(settings)


def reason_of(error: BaseException) -> str:
    """Return the kind and the message of an error in one line, for a message of our own."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}".rstrip(" .:")


def _read_docbin(path: Path, limit: int, nlp: Language) -> Iterator[Example]:
    """Yield the Examples of `.spacy` files. Raises ValueError for a file that spaCy can't read."""
    try:
        yield from Corpus(path, limit=limit)(nlp)
    except DAMAGES as err:
        raise InvalidError(Errors.E525.format(path=path, reason=reason_of(err))) from err
