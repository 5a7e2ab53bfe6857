"""Recognition of the columns of a table: texts or pairs, and their labels or numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .columns import LABELS, NUMBERS, PAIRS, SEVERAL, TEXTS, Column, named, says_the_same, separator_of
from .samples import Table
from .shape import DataShape, Question, Said

TEXTCAT, NLI = "textcat", "nli"
PARTS = ("premise", "hypothesis")
SHOWN = 5


class TableReading:
    """The recognition of a table, whose parts are found one after the other.

    title: the format, in a few words. table: a sample. task: the name of the task, if it is given. said: settings of
    the reader that are given.
    """

    def __init__(self, title: str, table: Table, *, task: str | None, said: Said):
        """Take the sample, without reading it."""
        self.title, self.table, self.task, self.said = title, table, task, said
        self.settings: dict[str, Any] = dict(table.settings)
        self.facts: list[str] = []
        self.questions: list[Question] = []

    def shape(self) -> DataShape:
        """Return what the columns mean, and what has to be asked."""
        are_places_said = {*PARTS, "label"} <= self.said.keys() or {"text", "label"} <= self.said.keys()
        if self.table.has_header is None and "header" not in self.said and not are_places_said:
            names = ", ".join(str(column.name) for column in self.table.columns)
            self._ask("header", ["true", "false"], f"The first row may be a header or data: {names}")
            return self._shape(self.task)
        pair = self._pair() if self.task in (None, NLI) else None
        if pair is not None:
            texts = [self._take(*setting) for setting in zip(PARTS, pair, strict=True)]
        elif self.task == NLI:
            return self._ask_for_pair()
        else:
            text = self._text()
            texts = [] if text is None else [text]
        self._gold(texts)
        return self._shape(TEXTCAT if pair is None else NLI)

    def _shape(self, task: str | None) -> DataShape:
        return DataShape(
            self.title,
            task,
            settings=self.settings,
            facts=self.facts,
            questions=self.questions,
            columns=_names(self.table.columns),
        )

    def _pair(self) -> tuple[Column, Column] | None:
        """Return the columns of premise and hypothesis, by name or as given."""
        if "premise" in self.said and "hypothesis" in self.said:
            one, other = (self._said_column(setting) for setting in PARTS)
            return (one, other) if one is not None and other is not None else None
        found = [[named(self.table.columns, [name]) for name in names] for names in PAIRS]
        pairs = [(one[0], other[0]) for one, other in found if one and other]
        return pairs[0] if len(pairs) == 1 and all(column.are_strings for column in pairs[0]) else None

    def _ask_for_pair(self) -> DataShape:
        texts = [str(column.name) for column in self.table.columns if column.are_strings]
        for setting in PARTS:
            if setting not in self.said:
                self._ask(setting, texts, "No two columns have the names of a pair")
        return self._shape(NLI)

    def _text(self) -> Column | None:
        """Return the column of texts; None, and a question, if it is not clear."""
        if "text" in self.said:
            return self._said_column("text")
        columns = [column for column in self.table.columns if column.are_strings]
        for names in TEXTS:
            known = named(columns, names)
            if len(known) == 1 and (names is not TEXTS[-1] or not self._other_texts(known[0])):
                return self._take("text", known[0])
            if known:
                self._ask("text", _names(known), f"Several columns may be the text: {', '.join(_names(known))}")
                return None
        texts = [column for column in columns if column.is_text]
        if len(texts) == 1:
            return self._take("text", texts[0])
        reason = f"Several columns hold texts: {', '.join(_names(texts))}" if texts else "No column holds texts"
        self._ask("text", _names(texts or columns or self.table.columns), reason)
        return None

    def _other_texts(self, text: Column) -> list[Column]:
        return [column for column in self.table.columns if column.is_text and column is not text]

    def _gold(self, texts: Sequence[Column]) -> None:
        """Find the labels or the numbers."""
        if "label" in self.said or "scores" in self.said or "cats" in self.said:
            if "label" in self.said and (column := self._said_column("label")) is not None:
                self._show_labels(column)
            return
        others = [column for column in self.table.columns if column not in texts]
        if any(column.name == "cats" and _are_cats(column) for column in others) and not named(others, LABELS[1]):
            self.facts.append("cats: an object of labels and their values on each row")
            return
        if self.settings.get("rejected"):
            self.facts.append("label: column label, which holds for what was accepted and not for what was rejected")
            return
        numbers = [column for column in named(others, NUMBERS) if column.are_numbers]
        label = self._label(others, numbers, texts)
        if isinstance(label, Column):
            self.settings["label"] = label.name
            self._show_labels(label)
            self._split(label)

    def _label(self, others: Sequence[Column], numbers: Sequence[Column], texts: Sequence[Column]) -> Column | None:
        """Return the column of labels; None if numbers take their place, or a question."""
        known = [column for names in LABELS for column in named(others, names) if column.may_be_known_labels]
        for names in LABELS:
            row = [column for column in known if column.plain in names]
            if row and (names is LABELS[0] or all(says_the_same(row[0], column) for column in row[1:])):
                return self._unless_others_compete(row[0], known)
            if row:
                self._ask("label", _names(row), f"Several columns may be the label: {', '.join(_names(row))}")
                return None
        fractions = [column for column in (*numbers, *named(others, LABELS[1])) if column.are_fractions]
        if len(fractions) == 1:
            self.settings["scores"] = [fractions[0].name]
            self.facts.append(f"scores: {_column(fractions[0])}: numbers to be predicted (a regression)")
            return None
        candidates = [column for column in others if column.may_be_labels]
        if len(self.table.columns) == len(texts) + 1 and candidates == list(others) and others:
            return candidates[0]
        self._ask(
            "label",
            _names(candidates or others),
            "No column has the name of a label" if others else "There is no column for a label",
        )
        return None

    def _unless_others_compete(self, label: Column, known: Sequence[Column]) -> Column | None:
        """Return a label, or None and a question, if another column of its kind says something else."""
        if label.plain in (*LABELS[0], *LABELS[1]):
            return label
        rivals = [column for column in known if column is not label and not says_the_same(label, column)]
        if not rivals:
            return label
        names = _names([label, *rivals])
        self._ask("label", names, f"Several columns may be the label: {', '.join(names)}")
        return None

    def _split(self, label: Column) -> None:
        """Find out whether a string holds several labels."""
        mark = separator_of(label) if label.are_strings else None
        if mark is None or "label_separator" in self.said:
            return
        if label.plain in SEVERAL:
            self.settings["label_separator"] = mark
            self.facts.append(f"label_separator: {mark!r} divides several labels")
        elif mark != ",":
            example = next(value for value in label.counts if mark in value)
            reason = f"{example!r} may be one label, or several with {mark!r} between them (null: one)"
            self._ask("label_separator", [mark, "null"], reason)

    def _take(self, setting: str, column: Column) -> Column:
        self.settings[setting] = column.name
        self.facts.append(f"{setting}: {_column(column)}")
        return column

    def _said_column(self, setting: str) -> Column | None:
        for column in self.table.columns:
            if str(column.name) == self.said[setting]:
                return column
        return None

    def _show_labels(self, label: Column) -> None:
        items = label.counts if not label.are_lists else dict.fromkeys(str(i) for value in label.filled for i in value)
        shown = ", ".join(list(items)[:SHOWN]) + (", …" if len(items) > SHOWN else "")
        self.facts.append(f"label: {_column(label)}: {shown}")

    def _ask(self, setting: str, choices: Iterable[str], reason: str) -> None:
        self.questions.append(Question(f"--reader.{setting}", list(choices), reason))


def _names(columns: Iterable[Column]) -> list[str]:
    return [str(column.name) for column in columns]


def _column(column: Column) -> str:
    return f"column {column.name}"


def _are_cats(column: Column) -> bool:
    return bool(column.filled) and all(isinstance(value, Mapping) for value in column.filled)
