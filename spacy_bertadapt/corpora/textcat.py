"""Texts with labels, for text classification: CSV, TSV and JSONL."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import registry

from spacy_bertadapt.corpora.base import RecordCorpus, Skipped, make_text_doc
from spacy_bertadapt.corpora.rows import Row, read_rows
from spacy_bertadapt.corpora.tables import Column
from spacy_bertadapt.errors import Errors


class TextcatRecord(NamedTuple):
    """One text and its labels.

    text: may be empty. cats: label to value from 0.0 to 1.0. source: "file:line".
    """

    text: str
    cats: dict[str, float]
    source: str


@registry.readers("spacy-bertadapt.TextcatCorpus.v1")
class TextcatCorpus(RecordCorpus[TextcatRecord]):
    """A file with a text and its labels on each row, as Examples with `reference.cats`.

    A row from the `label` column gets every label of the corpus: 1.0 for its own, 0.0 for the others. A row
    with a `cats` object gets the entries of that object and no more. Rows without a label are skipped and
    reported. The file is streamed, twice if the labels have to be gathered from it.

    path: CSV, TSV (without quoting) or JSONL in UTF-8; compressed if its name ends in .gz.
    text: column of the text: a name in the header, a number (0 is the first, -1 the last), or a JSONL key.
    label: column of the label, likewise. In JSONL a string, a number or a list of these.
    label_separator: splits a string of several labels; None: one label a row.
    cats: JSONL key of an object {label: value from 0.0 to 1.0} that takes the place of `label`; None: "cats"
        for rows that have it and no `label`.
    header: whether CSV and TSV start with a row of names; None: if `text` or `label` is a name.
    format: "csv", "tsv" or "jsonl"; None: by suffix (.csv, .tsv, .txt for TSV, .jsonl).
    labels: all labels; another one in the file is an error. None: those in the file, sorted.
    limit: the number of texts at most; 0 for all. Labels are gathered from the whole file even so.
    """

    def __init__(
        self,
        path: str | Path | None,
        *,
        text: str | int = "text",
        label: str | int = "label",
        label_separator: str | None = None,
        cats: str | None = None,
        header: bool | None = None,
        format: str | None = None,
        labels: list[str] | None = None,
        limit: int = 0,
    ) -> None:
        super().__init__(path, limit=limit)
        self.text = text
        self.label = label
        self.label_separator = label_separator
        self.cats = cats
        self.header = header
        self.format = format
        self.labels = labels

    def read(self) -> Iterator[TextcatRecord | Skipped]:
        """Stream the texts with their labels, and `Skipped` for a row without any."""
        negatives = dict.fromkeys(self._all_labels(), 0.0)
        for row in self._rows():
            text, cats = row.text(self.text), self._own_cats(row)
            if not cats:
                yield Skipped(row.source, "no label")
            elif self._cats_key(row) is None:
                yield TextcatRecord(text, negatives | cats, row.source)
            else:
                yield TextcatRecord(text, cats, row.source)

    def make_doc(self, nlp: Language, record: TextcatRecord) -> Doc:
        """Return the text as a Doc."""
        return make_text_doc(nlp, record.text, record.source)

    def annotate(self, doc: Doc, record: TextcatRecord) -> None:
        """Set `doc.cats`."""
        doc.cats = dict(record.cats)

    def _rows(self) -> Iterator[Row]:
        columns: list[Column] = [self.text, self.label if self.cats is None else self.cats]
        return read_rows(self.path, columns, header=self.header, format=self.format)

    def _all_labels(self) -> list[str]:
        if self.labels is not None:
            return self.labels
        if self.cats is not None:
            return []
        return sorted({label for row in self._rows() for label in self._own_cats(row)})

    def _own_cats(self, row: Row) -> dict[str, float]:
        """Return what the row itself says: its labels at 1.0, or the entries of its object."""
        key = self._cats_key(row)
        if key is not None:
            cats = read_cats(row, key)
        else:
            cats = dict.fromkeys(row.labels(self.label, separator=self.label_separator), 1.0)
        for label in cats:
            if self.labels is not None and label not in self.labels:
                raise ValueError(Errors.C020.format(source=row.source, label=label, labels=self.labels))
        return cats

    def _cats_key(self, row: Row) -> str | None:
        if self.cats is None and self.label not in row.values and "cats" in row.values:
            return "cats"
        return self.cats


def read_cats(row: Row, key: str) -> dict[str, float]:
    """Return the object under a key as label to value, empty for null; ValueError if it is anything else."""
    value = row.value(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ValueError(Errors.C021.format(source=row.source, key=key, found=value))
    for label, score in value.items():
        if isinstance(score, bool) or not isinstance(score, (int, float)) or not 0 <= score <= 1:
            raise ValueError(Errors.C022.format(source=row.source, label=label, found=score))
    return {label: float(score) for label, score in value.items()}
