"""The tasks, a folder each, and the one table of them. Nothing heavy is imported here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from spacy.language import Language

from ..errors import Errors, InvalidError
from ..planning.task import Task
from .ner.task import TASK as NER
from .nli.task import TASK as NLI
from .qa.task import TASK as QA
from .spancat.task import TASK as SPANCAT
from .textcat.task import TASK as TEXTCAT
from .zeroshot.task import TASK as ZEROSHOT

TASKS = {task.name: task for task in (TEXTCAT, NLI, NER, SPANCAT, QA, ZEROSHOT)}
"""All tasks by name. A new task is a folder with a `task.py`, and a place in this table."""

TRAINED = {name: task for name, task in TASKS.items() if task.plan is not None}
"""The tasks that can be trained. The first one is the default of the commands."""


def components_of_tasks(nlp: Language) -> Iterator[tuple[str, Any, Task]]:
    """Yield the name of each component of a pipeline that has a task, the component, and the task.

    It is the task of numbers if the component predicts these.
    """
    factories = {task.factory: task for task in TASKS.values()}
    for name, pipe in nlp.pipeline:
        task = factories.get(nlp.get_pipe_meta(name).factory)
        if task is not None:
            yield name, pipe, task.variant_for(pipe)


def task_of(nlp: Language) -> Task:
    """Return the task of a pipeline's first component that has one and can be trained; else the default task."""
    trained = (task for _, _, task in components_of_tasks(nlp) if task.plan is not None)
    return next(trained, next(iter(TRAINED.values())))


def get_task(name: str) -> Task:
    """Return the task of a name that can be trained. Raises ValueError if there is none."""
    if name not in TRAINED:
        raise InvalidError(Errors.E501.format(task=name, known=", ".join(TRAINED)))
    return TRAINED[name]
