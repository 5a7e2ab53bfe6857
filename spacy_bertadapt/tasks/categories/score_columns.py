"""Columns of numbers as gold: similarities, ratings, and what else a regression learns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from ...errors import Errors, InvalidError
from ...readers.rows import Row
from ...readers.tables import Column


class ScoreColumns(NamedTuple):
    """The columns of a file that hold numbers. names: of the labels that the numbers are the values of."""

    columns: Sequence[Column]
    names: Sequence[str]

    def read(self, row: Row) -> dict[str, float]:
        """Return the numbers of a row by name; those that are left empty are not there.

        Raises InvalidError for what is no finite number.
        """
        numbers = {name: row.number(column) for name, column in zip(self.names, self.columns, strict=True)}
        return {name: number for name, number in numbers.items() if number is not None}


def score_columns(scores: Sequence[Column] | None, labels: Sequence[str] | None, **others: Any) -> ScoreColumns | None:
    """Return the columns of numbers that a reader is told of; None if it reads labels.

    labels: names of the numbers, in the order of the columns; None: the columns' own. others: settings that say where
    labels are, which is not possible beside `scores`.
    Raises InvalidError for these, and for another count of names.
    """
    if not scores:
        return None
    for setting, value in others.items():
        if value:
            raise InvalidError(Errors.E367.format(setting=setting))
    names = list(map(str, scores)) if labels is None else labels
    if len(names) != len(scores):
        raise InvalidError(Errors.E364.format(count=len(names), labels=names, columns=len(scores)))
    return ScoreColumns(scores, names)
