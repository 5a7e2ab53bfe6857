"""What the commands, the project and the benchmarks know of a task. The table of all tasks is in `tasks`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from spacy import registry
from spacy.language import FactoryMeta, Language
from spacy.tokens import Doc
from spacy.training import Example

from ..errors import Errors, InvalidError
from ..pairs import PartNames, has_parts, pair_of
from ..types import Segments
from .choices import Choice
from .survey import DataSurvey, LabelSurvey

if TYPE_CHECKING:
    from ..readers.corpus import RecordCorpus
    from ..subwords.tokenizer import SubwordTokenizer

Gold: TypeAlias = Mapping[str, bool]
"""Each label of a Doc, and whether it holds."""

Settings: TypeAlias = Mapping[str, Any]
"""Values of a config by their dotted names. `component.` stands for the task's component."""

Notes: TypeAlias = Mapping[str, str]
"""One line a setting, by its dotted name: `component.` and `reader.` stand for the task's component and reader."""


class ExampleReport(Protocol):
    """What `debug-data` gathers of a task's Examples, beside labels and lengths."""

    def add(self, example: Example) -> None:
        """Look at an Example."""

    def show(self) -> None:
        """Print what was seen."""


MakeReport: TypeAlias = Callable[[int, "SubwordTokenizer"], ExampleReport]
"""Makes a report, for windows that have room for so many subwords of a text, counted by that tokenizer."""


def no_measures(doc: Doc) -> Iterable[int]:
    """Return nothing."""
    return ()


@dataclass(frozen=True, slots=True)
class ConfigPlan:
    """How a config for the task comes about.

    choose: decides on the component's settings that depend on the data; raises ValueError for data that can't be used.
    measure: numbers of a gold Doc that `choose` looks at, such as the lengths of spans. notes: comments on the settings
    of the component and of the reader. settings: values that the task needs beside its component's, in every config.
    sample: values that fit the task's samples in `assets/`.
    """

    choose: Callable[[DataSurvey], list[Choice]]
    measure: Callable[[Doc], Iterable[int]] = no_measures
    notes: Notes = field(default_factory=dict)
    settings: Settings = field(default_factory=dict)
    sample: Settings = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Score:
    """The score that sums up a task.

    name: as `nlp.evaluate` has it. title: for people. in_spacy: the name of the score that `spacy evaluate` writes.
    """

    name: str
    title: str
    in_spacy: str


def no_warnings(path: Path, labels: LabelSurvey) -> list[str]:
    """Return no warning."""
    return []


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A task.

    name: as users give it, and of its folder. title: for people. things: what its data consist of, in the plural.
    parts: span groups of its pair Docs; None: no pairs. reader: registered name of the reader of raw files.
    suffix: of a usual raw file. gold: a Doc's labels; None for a Doc without annotation. score: what sums it up.
    prediction: what a pipeline says of a Doc, and how sure it is, both as text. example: a text to try.
    attribute: where the prediction stands, as code on a Doc. plan: of its config; None: it is not trained.
    label_warnings: what is wrong with the labels of a file. make_report: of its Examples; None: there is none.
    """

    name: str
    title: str
    things: str
    parts: PartNames | None = None
    reader: str
    suffix: str
    gold: Callable[[Doc], Gold | None]
    score: Score
    prediction: Callable[[Doc], tuple[str, str]]
    example: str
    attribute: str
    plan: ConfigPlan | None = None
    label_warnings: Callable[[Path, LabelSurvey], list[str]] = no_warnings
    make_report: MakeReport | None = None

    @property
    def factory(self) -> str:
        """The name of its component's factory."""
        return f"bert_{self.name}"

    @property
    def config_plan(self) -> ConfigPlan:
        """The plan of its config. Raises ValueError for a task that is not trained."""
        if self.plan is None:
            raise InvalidError(Errors.E521.format(task=self.name))
        return self.plan

    @property
    def defaults(self) -> dict[str, Any]:
        """The default settings of its component."""
        return dict(self._factory_meta.default_config or {})

    @property
    def score_weights(self) -> dict[str, float | None]:
        """The scores of its component, and what each weighs when the best pipeline is chosen; None: it is shown."""
        return dict(self._factory_meta.default_score_weights or {})

    @property
    def reader_class(self) -> type[RecordCorpus[Any]]:
        """The class that reads its raw files."""
        return registry.readers.get(self.reader)

    def segments(self, doc: Doc) -> Segments:
        """Return what goes through a network for a Doc: two texts if it has the parts of a pair, else one."""
        if self.parts is not None and has_parts(doc, self.parts):
            return pair_of(doc, self.parts)
        return doc.text

    @property
    def _factory_meta(self) -> FactoryMeta:
        return Language().get_factory_meta(self.factory)  # making a Language reads the factories' entry points
