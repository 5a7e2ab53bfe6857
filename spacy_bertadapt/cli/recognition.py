"""What data files are, as commands find it out: by the files, by options, and by asking."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import srsly
import typer
from spacy.language import Language
from wasabi import msg

from ..errors import Errors, InvalidError, NotRecognizedError
from ..planning.recognition.recognize import recognize_data
from ..planning.recognition.shape import DataShape, Question
from ..planning.task import Task
from ..tasks import TASKS, get_task
from . import options

TASK_OPTION = "--task"
PLACES = ("text", "premise", "hypothesis", "label", "words", "tags")
MEANINGS = ("label_separator", "label_map", "tag_names")


@dataclass(frozen=True, slots=True)
class RecognizedData:
    """A data file, with the task and the settings by which it is read."""

    path: Path
    task: Task
    reader: Mapping[str, Any]


Said: TypeAlias = Mapping[str, str | None]
"""Settings of a reader as options have them, as texts; None stands for true."""


def recognize_file(path: Path, task: str | None, said: Said, *, quiet: bool = False) -> RecognizedData:
    """Find out what a file is, print it, and ask on a terminal for what is not clear.

    task: its name; None: it is recognized. said: settings of its reader that are given. quiet: whether nothing is
    printed.
    Raises FileNotFoundError for missing data; ValueError for a file of which nothing is recognized, for one that
    leaves a question open where nobody can be asked, and for settings that the reader doesn't have.
    """
    if task is not None:
        get_task(task)
    given = {name: "true" if text is None else text for name, text in said.items()}
    shape = _shape_of(path, task, given)
    answers: dict[str, str] = {}
    if shape.task is not None:
        options.as_settings(said, TASKS[shape.task].reading(texts=shape.is_text))
    while shape.questions:
        question = shape.questions[0]
        answer = _ask(path, question, shape.questions)
        answers[question.option] = answer
        if question.option == TASK_OPTION:
            task = answer
        else:
            given[question.option.removeprefix(f"--{options.PREFIX}")] = answer
        shape = _shape_of(path, task, given)
    if answers and not quiet:
        msg.info(f"Next time: {' '.join(f'{option} {answer}' for option, answer in answers.items())}")
    chosen = TASKS[shape.task or task or options.DEFAULT_TASK].reading(texts=shape.is_text)
    settings = {**shape.settings, **options.as_settings({**said, **_texts(answers)}, chosen)}
    if not quiet:
        _show(path, shape, chosen)
    return RecognizedData(path, options.task_of_gold(chosen, settings), settings)


def _shape_of(path: Path, task: str | None, said: Mapping[str, str]) -> DataShape:
    """Return what was recognized; of a file that is not of the given task, only the task, for its reader to refuse."""
    try:
        shape = recognize_data(path, task=task, said=said)
    except NotRecognizedError:
        if task is None:
            raise
        return DataShape("", task)
    return shape if task is None or shape.task in (None, task) else DataShape("", task)


def _ask(path: Path, question: Question, all_questions: Sequence[Question]) -> str:
    """Return the answer to a question. Raises ValueError that names the options where there is no terminal."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        said = "; ".join(f"{part.option} {' or '.join(part.choices)}" for part in all_questions)
        reasons = ". ".join(dict.fromkeys(part.reason for part in all_questions))
        raise InvalidError(Errors.E681.format(path=path, reason=reasons, options=said))
    msg.warn(f"{path}: {question.reason}")
    return typer.prompt(f"{question.option} ({', '.join(question.choices)})", default=question.choices[0])


def remembered_settings(nlp: Language, task: Task, path: Path) -> dict[str, str | None]:
    """Return settings of the reader of a task that a pipeline was trained with, where a file has the same columns."""
    columns = _shape_of(path, task.name, {}).columns
    readers = {task.reader, task.reading(texts=True).reader}
    for block in _blocks_of(nlp.config.get("corpora") or {}):
        if block.get("@readers") in readers:
            places = {name: block[name] for name in PLACES if block.get(name) is not None}
            if places and set(map(str, places.values())) <= set(columns):
                meanings = {name: block[name] for name in MEANINGS if block.get(name) is not None}
                return {
                    name: value if isinstance(value, str) else srsly.json_dumps(value)
                    for name, value in {**places, **meanings}.items()
                }
    return {}


def _blocks_of(block: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield a block of a config and all blocks in it."""
    yield block
    for value in block.values():
        if isinstance(value, Mapping):
            yield from _blocks_of(value)


def _texts(answers: Mapping[str, str]) -> dict[str, str]:
    prefix = f"--{options.PREFIX}"
    return {option.removeprefix(prefix): text for option, text in answers.items() if option.startswith(prefix)}


def _show(path: Path, shape: DataShape, task: Task) -> None:
    facts = "".join(f"; {fact}" for fact in shape.facts)
    if shape.title:
        msg.info(f"{path} is {shape.title}, for {task.title.lower()}{facts}")
