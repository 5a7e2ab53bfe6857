"""What data files are, as commands find it out: by the files, by options, and by asking."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import srsly
import typer
from spacy.language import Language
from wasabi import msg

from ..evaluation.pipelines import load_pipeline
from ..fitting import recognized
from ..fitting.recognized import RecognizedData, Said, refuse_to_guess, shape_of
from ..planning.data_files import check_data
from ..planning.recognition.shape import Question
from ..planning.task import Task
from ..tasks import get_task, task_of
from . import options

PLACES = ("text", "premise", "hypothesis", "label", "words", "tags")
MEANINGS = ("label_separator", "label_map", "tag_names")


def recognize_file(path: Path, task: str | None, said: Said, *, quiet: bool = False) -> RecognizedData:
    """Find out what a file is, print it, and ask on a terminal for what is not clear.

    quiet: whether nothing is printed. Other arguments, and what is raised: see `recognized.recognize_file`.
    """
    data = recognized.recognize_file(path, task, said, ask=_ask)
    if data.answers and not quiet:
        msg.info(f"Next time: {' '.join(f'{option} {answer}' for option, answer in data.answers.items())}")
    if data.shape.title and not quiet:
        msg.info(data.in_words(path))
    return data


def open_scored(
    context: typer.Context, model: str, data: Path, task: str | None, gpu_id: int
) -> tuple[Language, RecognizedData]:
    """Load a pipeline, and find out how data with gold for it are read.

    context: has the options of the reader. task: its name; None: that of the pipeline's first BERT component.
    Raises FileNotFoundError for a pipeline or data that are not there, ValueError for those that can't be read.
    """
    check_data(data)
    options.use_gpu(gpu_id)
    nlp = load_pipeline(model)
    chosen = task_of(nlp) if task is None else get_task(task)
    said = {**remembered_settings(nlp, chosen, data), **options.reader_arguments(context)}
    return nlp, recognize_file(data, chosen.name, said)


def remembered_settings(nlp: Language, task: Task, path: Path) -> dict[str, str | None]:
    """Return settings of the reader of a task that a pipeline was trained with, where a file has the same columns."""
    columns = shape_of(path, task.name, {}).columns
    readers = {task.reader, task.reading(texts=True).reader}
    for block in _blocks_of(nlp.config.get("corpora") or {}):
        places = {name: block[name] for name in PLACES if block.get(name) is not None}
        if block.get("@readers") in readers and places and set(map(str, places.values())) <= set(columns):
            meanings = {name: block[name] for name in MEANINGS if block.get(name) is not None}
            return {name: _as_text(value) for name, value in {**places, **meanings}.items()}
    return {}


def _ask(path: Path, questions: Sequence[Question]) -> str:
    """Return the answer to the first question. Raises ValueError that names the options where there is no terminal."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return refuse_to_guess(path, questions)
    question = questions[0]
    msg.warn(f"{path}: {question.reason}")
    return typer.prompt(f"{question.option} ({', '.join(question.choices)})", default=question.choices[0])


def _blocks_of(block: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield a block of a config and all blocks in it."""
    yield block
    for value in block.values():
        if isinstance(value, Mapping):
            yield from _blocks_of(value)


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else srsly.json_dumps(value)
