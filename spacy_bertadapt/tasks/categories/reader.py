"""The base of corpora of labelled texts or pairs: it reads the labels of a row, and gathers those of a file."""

import warnings
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import NamedTuple

from spacy.tokens import Doc

from ...errors import Errors, InvalidError, Warnings
from ...readers.annotated import REJECTED, skip_refused
from ...readers.corpus import RecordCorpus, Skipped
from ...readers.recognition import ROWS, TOLD_BY_LOOK, Look, recognize
from ...readers.rows import Row, format_of, read_rows
from ...readers.tables import Column
from ...types import Segments
from .score_columns import score_columns

MISSING_VALUES = frozenset({"nan", "NaN", "None", "N/A", "NA", "<NA>", "NULL", "null", "NaT"})
"""What pandas and databases write for a value that is missing."""


class LabelledRecord(NamedTuple):
    """A text or a pair with its labels.

    segments: the text or the pair; any text may be empty. cats: label to value: from 0.0 to 1.0, or any number of
    `scores`. source: "file:line".
    """

    segments: Segments
    cats: dict[str, float]
    source: str


class LabelledCorpus(RecordCorpus[LabelledRecord]):
    """A file with texts and labels, or numbers, on each row. A subclass reads the texts of a row.

    columns: the columns of the texts. missing: labels that stand for no label. may_have_none: whether `[]` says that no
    label holds, or leaves it open.
    Other arguments: see `TextcatCorpus`.
    """

    def __init__(
        self,
        path: str | Path | None,
        *,
        columns: list[Column],
        label: Column,
        label_separator: str | None = None,
        label_map: Mapping[str, str] | None = None,
        missing: frozenset[str] = frozenset(),
        may_have_none: bool = False,
        cats: str | None = None,
        rejected: bool = False,
        scores: Sequence[Column] | None = None,
        header: bool | None = None,
        format: str | None = None,
        separator: str | None = None,
        labels: Sequence[str] | None = None,
        limit: int = 0,
    ) -> None:
        super().__init__(path, limit=limit)
        self.scores = score_columns(scores, labels, cats=cats, label_separator=label_separator, label_map=label_map)
        self.columns = columns
        self.label = label
        self.label_separator = label_separator
        self.label_map = label_map or {}
        self.missing = missing
        self.may_have_none = may_have_none
        self.cats = cats
        self.rejected = rejected
        self.header = header
        self.format = format
        self.separator = separator
        self.labels = labels

    @abstractmethod
    def segments(self, row: Row) -> Segments:
        """Return the text or the pair of a row. Raises InvalidError for a value that is no text."""

    @property
    def reads(self) -> str:
        """The kind of file that the reader reads, in a few words."""
        return "JSON Lines" if self._format == "jsonl" else "files with a text and its labels on each row"

    def takes(self, look: Look) -> bool:
        """Return whether a file of that look has rows of the reader's format, with its columns."""
        if look.name in TOLD_BY_LOOK and (self.format or TOLD_BY_LOOK[look.name]) == TOLD_BY_LOOK[look.name]:
            return look.name not in {"brat", "doccano"}
        if self._format in ("csv", "tsv"):
            return look.name in ("csv", "tsv")
        if self._format == "json":
            return look.name in ("json", "rows in an object")
        return look.name == "jsonl" or (look.name in ROWS and look.keys.issuperset(self.columns))

    def read(self) -> Iterator[LabelledRecord | Skipped]:
        """Yield the rows with their gold, and a `Skipped` for each row without any or refused by an annotator.

        One warning says which labels look like missing values, if the labels are gathered from the file.
        Raises InvalidError for a malformed row, and for a label beyond those given.
        """
        read_gold, missing = self._reader_of_gold()
        for row in self._rows():
            skipped = self._skipped(row)
            if skipped is not None:
                yield skipped
                continue
            segments, cats = self.segments(row), read_gold(row)
            yield LabelledRecord(segments, cats, row.source) if cats else Skipped(row.source, missing)

    def annotate(self, doc: Doc, record: LabelledRecord) -> None:
        """Set `doc.cats` to the record's labels."""
        doc.cats = dict(record.cats)

    def _rows(self) -> Iterator[Row]:
        labels = [self.label if self.cats is None else self.cats]
        gold = labels if self.scores is None else self.scores.columns
        columns = [*self.columns, *gold]
        return read_rows(self.path, columns, header=self.header, format=self._format, separator=self.separator)

    def _skipped(self, row: Row) -> Skipped | None:
        """Return a `Skipped` for a row that an annotator refused, unless its label is said not to hold."""
        return None if self.rejected and row.values.get("answer") == REJECTED else skip_refused(row)

    def _reader_of_gold(self) -> tuple[Callable[[Row], dict[str, float] | None], str]:
        """Return a function that reads the gold of a row, and what a row without any lacks."""
        if self.scores is not None:
            return self.scores.read, "no number"
        negatives = dict.fromkeys(self._all_labels(), 0.0)
        doubtful = [] if self.labels is not None else [label for label in negatives if label in MISSING_VALUES]
        if doubtful:
            warnings.warn(Warnings.W404.format(path=self.path, labels=doubtful), stacklevel=4)
        return partial(self._all_cats, negatives), "no label"

    def _all_cats(self, negatives: dict[str, float], row: Row) -> dict[str, float] | None:
        """Return the row's labels at 1.0 and all others at 0.0, or the entries of its `cats` object alone."""
        cats = self._own_cats(row)
        if cats is None or self._cats_key(row) is not None:
            return cats
        if self.rejected:
            return dict.fromkeys(cats, 0.0) if row.values.get("answer") == REJECTED else cats
        return negatives | cats

    @cached_property
    def _format(self) -> str:
        """The format that is set, or that the file's content tells, or else its name."""
        if self.format is not None:
            return self.format
        look = recognize(self.path)
        return TOLD_BY_LOOK.get(look.name if look else "") or format_of(self.path)

    def _all_labels(self) -> Sequence[str]:
        if self.labels is not None:
            return self.labels
        if self.cats is not None:
            return []
        rows = (row for row in self._rows() if self._skipped(row) is None)
        return sorted({label for row in rows for label in self._own_cats(row) or ()})

    def _own_cats(self, row: Row) -> dict[str, float] | None:
        """Return the row's labels at 1.0, or the entries of its `cats` object; None for a row without annotation."""
        key = self._cats_key(row)
        cats = self._labels_at_1(row) if key is None else read_cats(row, key)
        for label in cats or ():
            if self.labels is not None and label not in self.labels:
                raise InvalidError(Errors.C020.format(source=row.source, label=label, labels=self.labels))
        return cats

    def _labels_at_1(self, row: Row) -> dict[str, float] | None:
        labels = row.labels(self.label, separator=self.label_separator)
        if labels is None:
            return None
        cats = {self._mapped(label, row): 1.0 for label in labels if label not in self.missing}
        return cats if cats or self.may_have_none else None

    def _mapped(self, label: str, row: Row) -> str:
        if self.label_map and label not in self.label_map and label not in self.label_map.values():
            raise InvalidError(Errors.C034.format(source=row.source, label=label, label_map=self.label_map))
        return self.label_map.get(label, label)

    def _cats_key(self, row: Row) -> str | None:
        if self.cats is None and self.label not in row.values and "cats" in row.values:
            return "cats"
        return self.cats


def read_cats(row: Row, key: str) -> dict[str, float]:
    """Return the object under a key as label to value from 0.0 to 1.0; nothing for null.

    Raises InvalidError for anything else.
    """
    value = row.value(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InvalidError(Errors.C021.format(source=row.source, key=key, value=value))
    for label, score in value.items():
        if isinstance(score, bool) or not isinstance(score, (int, float)) or not 0 <= score <= 1:
            raise InvalidError(Errors.C022.format(source=row.source, label=label, value=score))
    return {label: float(score) for label, score in value.items()}
