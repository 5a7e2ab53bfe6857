"""Data files with the tasks and the settings by which they are read, recognized or said."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias, get_args

from ..errors import Errors, InvalidError, NotRecognizedError
from ..planning.data_files import is_docbin, parse_settings
from ..planning.recognition.recognize import recognize_data
from ..planning.recognition.shape import DataShape, Question
from ..planning.task import Settings, Task
from ..readers.settings import setting_types
from ..tasks import TASKS, TRAINED, get_task

TASK_OPTION, READER_OPTION = "--task", "--reader."
DEFAULT_TASK = next(iter(TRAINED))
SCORES = "scores"  # the setting of readers that read numbers

Said: TypeAlias = Mapping[str, str | None]
"""Settings of a reader that are given, as texts; None stands for true, of a setting that may be."""

Ask: TypeAlias = Callable[[Path, Sequence[Question]], str]
"""Answers the first of some questions on a file, or raises ValueError."""


@dataclass(frozen=True, slots=True)
class RecognizedData:
    """A data file, with the task and the settings by which it is read.

    shape: what was recognized. answers: by option, what was asked for.
    """

    path: Path
    task: Task
    reader: Settings
    shape: DataShape
    answers: Mapping[str, str]

    def in_words(self, name: object) -> str:
        """Return what was recognized, as a sentence. name: what the data are called."""
        return "; ".join([f"{name}: {self.shape.title}, for {self.task.title.lower()}", *self.shape.facts])


def recognize_file(path: Path, task: str | None, said: Said, *, ask: Ask) -> RecognizedData:
    """Find out what a file is, and ask for what is not clear.

    task: its name; None: it is recognized. said: settings of its reader that are given.
    Raises FileNotFoundError for missing data; ValueError for a file of which nothing is recognized, for settings that
    the reader doesn't have, and what `ask` raises.
    """
    if task is not None:
        get_task(task)
    given = {name: "true" if text is None else text for name, text in said.items()}
    answers: dict[str, str] = {}
    shape = shape_of(path, task, given)
    if shape.task is not None:
        as_settings(said, TASKS[shape.task].reading(texts=shape.is_text))
    while shape.questions:
        option, answer = shape.questions[0].option, ask(path, shape.questions)
        answers[option] = answer
        if option == TASK_OPTION:
            task = answer
        else:
            given[option.removeprefix(READER_OPTION)] = answer
        shape = shape_of(path, task, given)
    chosen = TASKS[shape.task or task or DEFAULT_TASK].reading(texts=shape.is_text)
    answered = {name.removeprefix(READER_OPTION): text for name, text in answers.items() if name != TASK_OPTION}
    settings = {**shape.settings, **as_settings({**said, **answered}, chosen)}
    task_of_data = _task_of_numbers(chosen) if settings.get(SCORES) else chosen
    return RecognizedData(path, task_of_data, settings, shape, answers)


def shape_of(path: Path, task: str | None, said: Mapping[str, str]) -> DataShape:
    """Return what is recognized of a file; of one that is not for the given task, that alone, for its reader to refuse.

    Raises ValueError if nothing is recognized, and no task is given.
    """
    try:
        shape = recognize_data(path, task=task, said=said)
    except NotRecognizedError:
        if task is None:
            raise
        return DataShape("", task)
    return shape if task is None or shape.task in (None, task) else DataShape("", task)


def refuse_to_guess(path: Path, questions: Sequence[Question]) -> str:
    """Raise ValueError that names all options which have to be given."""
    options = "; ".join(f"{question.option} {' or '.join(question.choices)}" for question in questions)
    reasons = ". ".join(dict.fromkeys(question.reason for question in questions))
    raise InvalidError(Errors.E681.format(path=path, reason=reasons, options=options))


def as_settings(texts: Said, task: Task) -> dict[str, Any]:
    """Return settings that are given as texts. Raises ValueError for what the task's reader doesn't take."""
    said = {name: _switched_on(name, task) if text is None else text for name, text in texts.items()}
    return parse_settings(task, said)


def task_of_docs(data: RecognizedData, files: Iterable[Path], *, regression: bool) -> Task:
    """Return the task of data, which is one of numbers if `.spacy` files hold these.

    regression: whether they do. files: all that are read, which must be such ones if no columns of numbers are named.
    Raises ValueError for a task that learns labels alone, and for raw files without columns.
    """
    if not regression or data.reader.get(SCORES):
        return data.task
    task = _task_of_numbers(data.task)
    for path in files:
        if not is_docbin(path):
            raise InvalidError(Errors.E366.format(path=path))
    return task


def _task_of_numbers(task: Task) -> Task:
    """Return the task that learns from numbers. Raises ValueError for one that learns labels alone."""
    if task.numbers is None:
        known = ", ".join(name for name, other in TRAINED.items() if other.numbers is not None)
        raise InvalidError(Errors.E365.format(task=task.name, known=known))
    return task.numbers


def _switched_on(setting: str, task: Task) -> str:
    """Return the value of a reader's setting without one. Raises ValueError if it can't be true."""
    annotation = setting_types(task.reader_class).get(setting, bool)
    if bool not in (annotation, *get_args(annotation)):
        raise InvalidError(Errors.E539.format(option=f"{READER_OPTION.removeprefix('--')}{setting}"))
    return "true"
