"""The columns of a pipeline: which it reads, and which its components write."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from spacy.language import Language
from spacy.tokens import Doc

from ..errors import Errors, InvalidError
from ..planning.results import Results
from ..tasks import TASKS
from .spacy_results import SPACY_RESULTS

Inputs: TypeAlias = tuple[str, ...]
"""Names of what a row must have: ("text",), or the two parts of a pair."""

TEXT: Inputs = ("text",)
ERROR = "error"
TASK_OF_FACTORY = {task.factory: task for task in TASKS.values()}


@dataclass(frozen=True, slots=True)
class Source:
    """A component whose annotations become columns.

    name: of the component. inputs: what it reads. task: None for spaCy's own components.
    """

    name: str
    inputs: Inputs
    task: str | None
    results: Results


@dataclass(frozen=True, slots=True)
class PipelineColumns:
    """The columns of a pipeline.

    inputs: what a row must have. sources: the components that write columns; of several with one place the last one.
    idle: names of components that read other inputs. prefix: of all names of written columns.
    """

    inputs: Inputs
    sources: Sequence[Source]
    idle: tuple[str, ...]
    prefix: str = ""

    @property
    def outputs(self) -> dict[str, Any]:
        """The type of each written column, by name; the last is that of errors."""
        types = {name: source.results.columns[column] for source, column, name in self._named()}
        return {**types, f"{self.prefix}{ERROR}": str | None}

    def read(self, doc: Doc) -> dict[str, Any]:
        """Return the value of each written column on an annotated Doc, without that of errors."""
        values: dict[str, Mapping[str, Any]] = {source.name: source.results.read(doc) for source in self.sources}
        return {name: values[source.name][column] for source, column, name in self._named()}

    def _named(self) -> list[tuple[Source, str, str]]:
        """Return each column of each source, with its name: that of the component before it, if two write one."""
        counts = Counter(column for source in self.sources for column in source.results.columns)
        return [
            (source, column, f"{self.prefix}{source.name}_{column}" if counts[column] > 1 else f"{self.prefix}{column}")
            for source in self.sources
            for column in source.results.columns
        ]


def columns_of(nlp: Language, *, task: str | None = None, prefix: str = "") -> PipelineColumns:
    """Return the columns of a pipeline.

    task: name of the one task whose columns are wanted; None: of all components that read what is read. That is texts,
    if a component of ours reads these; else the pairs of the first component of pairs.
    Raises ValueError if no component writes columns.
    """
    found = list(_sources(nlp))
    wanted = [source for source in found if task is None or source.task == task]
    if not wanted:
        reason = f" for the task {task!r}" if task is not None else ""
        raise InvalidError(Errors.E584.format(reason=reason, components=", ".join(nlp.pipe_names) or "none"))
    own = [source for source in wanted if source.task is not None] or wanted
    inputs = next((source.inputs for source in own if source.inputs == TEXT), own[0].inputs)
    by_place = {source.results.place: source for source in wanted if source.inputs == inputs}
    idle = tuple(source.name for source in found if source.inputs != inputs)
    return PipelineColumns(inputs, tuple(by_place.values()), idle, prefix)


def _sources(nlp: Language) -> list[Source]:
    """Return the components that write columns, in the order of the pipeline."""
    sources = []
    for name, pipe in nlp.pipeline:
        factory = nlp.get_pipe_meta(name).factory
        if (task := TASK_OF_FACTORY.get(factory)) is not None:
            inputs = task.parts if getattr(pipe, "reads_pairs", False) and task.parts is not None else TEXT
            sources.append(Source(name, inputs, task.name, task.results(pipe)))
        elif factory in SPACY_RESULTS:
            sources.append(Source(name, TEXT, None, SPACY_RESULTS[factory](pipe)))
    return sources
