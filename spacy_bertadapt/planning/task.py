"""The description of a task for the commands, the project and the benchmarks. `tasks` has the table of all tasks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
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
from .data_summary import DataSurvey, LabelSurvey
from .decisions import DecisionsOf
from .exchange import Exchange
from .report_rows import MakeRows
from .results import Results

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
    """A report of `debug-data` on a task's Examples, in addition to labels and lengths."""

    def add(self, example: Example) -> None:
        """Take an Example into the report."""

    def show(self) -> None:
        """Print the report."""


@dataclass(frozen=True, slots=True)
class Window:
    """What an encoder reads at once.

    tokenizer: of the encoder. size: subwords, special tokens included. room: subwords of a text, without these.
    """

    tokenizer: SubwordTokenizer
    size: int
    room: int


MakeReport: TypeAlias = Callable[[Window | None], ExampleReport]
"""Makes a report on texts for windows of some size; None: no tokenizer is known, and no subwords are counted."""


@dataclass(frozen=True, slots=True)
class ConfigPlan:
    """How a config for a task is made.

    choose: decides on the component's settings that depend on the data; raises ValueError for data that can't be used.
    measure: returns numbers of a gold Doc that `choose` needs, such as the lengths of spans. notes: comments on the
    settings of the component and of the reader. settings: values of other settings that the task needs in every config.
    sample: values that fit the task's samples in `assets/`.
    """

    choose: Callable[[DataSurvey], list[Choice]]
    measure: Callable[[Doc], Iterable[int]] = lambda doc: ()
    notes: Notes = field(default_factory=dict)
    settings: Settings = field(default_factory=dict)
    sample: Settings = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Score:
    """The score that sums up a task.

    name: its name in `nlp.evaluate`. title: its name as shown to people. in_spacy: the name of the score that
    `spacy evaluate` writes.
    """

    name: str
    title: str
    in_spacy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A task.

    name: as users give it, and of its folder. title: its name as shown to people. things: what its data consist of, in
    the plural. parts: span groups of its pair Docs; None: no pairs. reader: registered name of the reader of raw files.
    text_reader: of another one, where `reader` reads lines of tokens, and spans may be characters of texts too.
    suffix: of a usual raw file. gold: a function that returns a Doc's labels; None for a Doc without annotation.
    score: the score that is shown first. prediction: a function that returns the prediction on a Doc and its score,
    both as text. example: a text to try. attribute: where the prediction stands, as code on a Doc. results: a function
    that returns what a component of the task writes, as columns. report_rows: a function that returns what `report`
    shows of a component's predictions. plan: how a config is made for it; None: the task can't be trained.
    label_warnings: a function that returns messages about the labels of a file. make_report: makes the report on its
    Examples for `debug-data`; None: it has none. weights: those of scores, in place of the factory's; none: the
    factory's. numbers: the same task where gold is numbers; None: it learns labels alone. exchange: how its networks
    are exchanged with Transformers; None: it has none of its own. decisions: a function that compares a component's
    predictions with gold; None: it has no probabilities.
    """

    name: str
    title: str
    things: str
    parts: PartNames | None = None
    reader: str
    text_reader: str | None = None
    suffix: str
    gold: Callable[[Doc], Gold | None]
    score: Score
    prediction: Callable[[Doc], tuple[str, str]]
    example: str
    attribute: str
    results: Callable[[Any], Results]
    report_rows: MakeRows
    plan: ConfigPlan | None = None
    label_warnings: Callable[[Path, LabelSurvey], list[str]] = lambda path, labels: []
    make_report: MakeReport | None = None
    weights: Mapping[str, float | None] = field(default_factory=dict)
    numbers: Task | None = None
    exchange: Exchange | None = None
    decisions: DecisionsOf | None = None

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
        """The scores of its component, and the weight of each in the choice of the best pipeline; None: only shown."""
        defaults = dict(self._factory_meta.default_score_weights or {})
        return {**dict.fromkeys(defaults), **self.weights} if self.weights else defaults

    @property
    def reader_class(self) -> type[RecordCorpus[Any]]:
        """The class that reads its raw files."""
        return registry.readers.get(self.reader)

    def reading(self, *, texts: bool) -> Task:
        """Return the task with the reader of texts and their spans, if it has one of its own for these."""
        return replace(self, reader=self.text_reader) if texts and self.text_reader else self

    def variant_for(self, pipe: object) -> Task:
        """Return the task that a component has learned: that of numbers if it predicts these."""
        return self.numbers if getattr(pipe, "predicts_numbers", False) and self.numbers is not None else self

    def segments(self, doc: Doc) -> Segments:
        """Return the texts of a Doc that a network reads: two if it has the parts of a pair, else one."""
        if self.parts is not None and has_parts(doc, self.parts):
            return pair_of(doc, self.parts)
        return doc.text

    @property
    def _factory_meta(self) -> FactoryMeta:
        return _factory_meta(self.factory)


@cache
def _factory_meta(name: str) -> FactoryMeta:
    """Return what spaCy knows of a factory."""
    return Language().get_factory_meta(name)  # making a Language reads the factories' entry points
