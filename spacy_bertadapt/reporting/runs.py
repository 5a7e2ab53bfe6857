"""A pipeline's predictions on gold, made once, with the time that they took."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np
from spacy.language import Language
from spacy.scorer import Scorer
from spacy.training import Example

from ..planning.report_rows import Rows
from ..tasks import components_of_tasks
from ..types import Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentRows:
    """The rows of a component.

    name: its name in the pipeline. task: the name of its task; title: as people read it. things: what it predicts on.
    """

    name: str
    task: str
    title: str
    things: str
    rows: Rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What a pipeline predicted.

    name: of the pipeline, as shown. components: those that have gold. lengths: (Examples,) tokens of each. seconds: of
    tokenization and prediction. scores: every one, as `nlp.evaluate` gives them.
    """

    name: str
    components: list[ComponentRows]
    lengths: Ints
    seconds: float
    scores: Mapping[str, Any]

    @property
    def texts(self) -> int:
        """How many were predicted."""
        return len(self.lengths)


def run_pipeline(nlp: Language, examples: Sequence[Example], *, name: str) -> Run:
    """Return a pipeline's predictions on Examples, whose predicted Docs get them. name: of the pipeline, as shown."""
    start = perf_counter()
    for example in examples:  # timed alone, as in `nlp.evaluate`: the Docs are there already
        nlp.make_doc(example.reference.text)
    for example, doc in zip(examples, nlp.pipe([example.predicted for example in examples]), strict=True):
        example.predicted = doc
    seconds = perf_counter() - start
    return Run(
        name=name,
        components=_components(nlp, examples),
        lengths=np.array([len(example.predicted) for example in examples], dtype=np.int64),
        seconds=seconds,
        scores=Scorer(nlp=nlp).score(examples),
    )


def _components(nlp: Language, examples: Sequence[Example]) -> list[ComponentRows]:
    """Return the rows of each component that has a task, and gold."""
    found = []
    for name, pipe, task in components_of_tasks(nlp):
        rows = task.report_rows(pipe, examples)
        if len(rows):
            found.append(ComponentRows(name=name, task=task.name, title=task.title, things=task.things, rows=rows))
    return found
