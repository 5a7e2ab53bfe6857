"""What a component predicted on Docs with gold, as plain rows: all that a report needs to know of a task."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from numpy.typing import NDArray
from spacy.training import Example

from ..types import Bools, Ints

Doubles: TypeAlias = NDArray[Any]
"""Numbers in float64."""


@dataclass(frozen=True, slots=True)
class RowSpan:
    """A part of a text with a label. start, end: in characters; score: from 0 to 1, None without one."""

    start: int
    end: int
    label: str
    score: float | None = None

    @property
    def key(self) -> tuple[int, int, str]:
        """What two spans have in common that are the same."""
        return self.start, self.end, self.label


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """The rows of a component, one an Example that has gold for it.

    examples: (rows,) the number of the Example of each. texts: the parts of each text: one, or two of a pair. parts:
    the names of these; none for texts that have one. main: the title of the score that sums them up.
    """

    examples: Ints
    texts: list[tuple[str, ...]]
    parts: tuple[str, ...] = ()
    main: str

    def __len__(self) -> int:
        return len(self.examples)


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelRows(Rows):
    """Rows of which one label holds.

    labels: those that the component knows, first, and others of the gold. known: how many it knows. gold: (rows,) the
    number of a label. values: (rows, labels) probabilities, 0 of those that it doesn't know.
    """

    labels: tuple[str, ...]
    known: int
    gold: Ints
    values: Doubles


@dataclass(frozen=True, slots=True, kw_only=True)
class SeveralLabelRows(Rows):
    """Rows of which any number of labels hold.

    gold: (rows, labels) whether each holds. has_gold: the same shape, whether that is known. values: probabilities.
    threshold: from which on a label is predicted.
    """

    labels: tuple[str, ...]
    gold: Bools
    has_gold: Bools
    values: Doubles
    threshold: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanRows(Rows):
    """Rows with labelled spans in the text. gold, predicted: those of each row, in order."""

    gold: list[list[RowSpan]]
    predicted: list[list[RowSpan]]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerRows(Rows):
    """Rows of questions, whose text is the question and the context.

    gold: the texts of the right answers, none if the question has none. gold_spans: where they stand in the context.
    answers: the best answer of each, with its place; None: none is given. confidence: (rows,) the probability of what
    is said, an answer or none. f1, exact: (rows,) how well it agrees, from 0 to 1.
    """

    gold: list[list[str]]
    gold_spans: list[list[RowSpan]]
    answers: list[RowSpan | None]
    confidence: Doubles
    f1: Doubles
    exact: Doubles


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberRows(Rows):
    """Rows with a number a label. gold, predicted: (rows, labels), NaN where there is no gold."""

    labels: tuple[str, ...]
    gold: Doubles
    predicted: Doubles


MakeRows: TypeAlias = Callable[[Any, Sequence[Example]], Rows]
"""Makes the rows of a component, of Examples with its predictions. Those without gold for it are left out."""
