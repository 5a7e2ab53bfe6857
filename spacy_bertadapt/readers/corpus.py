"""The base of all corpora: a limit, skipped rows that are counted and reported, and Examples from records."""

import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from copy import copy
from itertools import islice
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

from ..errors import Errors, InvalidError, Warnings, require_at_least
from .recognition import Look, recognize

Record = TypeVar("Record")


class Skipped(NamedTuple):
    """A row without an error that nothing can be learned from, such as one without a label.

    source: the row's place as "file:line". reason: what the row lacks, in a few words.
    """

    source: str
    reason: str


class RecordCorpus(ABC, Generic[Record]):
    """A file of training data as spaCy Examples. A subclass reads the records, and makes and annotates their Docs.

    path: the file. None, which is what an unset ${paths.train} gives, raises InvalidError.
    limit: the number of records to read at most; 0 for all.
    """

    def __init__(self, path: str | Path | None, *, limit: int = 0) -> None:
        if path is None:
            raise InvalidError(Errors.C003)
        require_at_least("limit", limit, 0)
        self.path = Path(path)
        self.limit = limit
        self._taken = (0, 1)  # the number of the first record, and how many one is counted on from it

    def part(self, number: int, count: int) -> "RecordCorpus[Record]":
        """Return a corpus of every `count`-th record, from that with the number on."""
        part, (first, step) = copy(self), self._taken
        part._taken = (first + number * step, step * count)
        return part

    def __call__(self, nlp: Language) -> Iterator[Example]:
        """Yield an Example for each record. Every call reads the file again.

        nlp: the pipeline whose tokenizer makes the Docs.
        Raises what `records` raises, and InvalidError for a text longer than nlp.max_length.
        """
        first, step = self._taken
        for record in islice(self.records(), first, None, step):
            reference = self.make_doc(nlp, record)
            self.annotate(reference, record)
            yield Example(self.make_predicted(nlp, record), reference)

    def records(self) -> Iterator[Record]:
        """Yield the records, which need no pipeline; one warning at the end reports the skipped rows.

        Raises InvalidError for a file of another kind than the reader's, for a malformed row, with its file and line,
        and for a file without a usable row; NotFoundError and DirectoryError for a path without a file.
        """
        self._check_kind()
        count, skipped = 0, 0
        first: Skipped | None = None
        for item in self.read():
            if isinstance(item, Skipped):
                skipped += 1
                first = first or item
                continue
            count += 1
            yield item
            if count == self.limit:
                break
        self._report(count, skipped, first)

    @property
    @abstractmethod
    def reads(self) -> str:
        """The kind of file that the reader reads, in a few words."""

    @abstractmethod
    def takes(self, look: Look) -> bool:
        """Return whether the reader reads a file that looks so."""

    @abstractmethod
    def read(self) -> Iterator[Record | Skipped]:
        """Yield the file's records, and a `Skipped` for each row without an error that can't be used.

        Raises InvalidError for a malformed row.
        """

    @abstractmethod
    def make_doc(self, nlp: Language, record: Record) -> Doc:
        """Return a new Doc of the record's text, without gold annotation."""

    def make_predicted(self, nlp: Language, record: Record) -> Doc:
        """Return a new Doc of the record's text for a pipeline to annotate."""
        return self.make_doc(nlp, record)

    @abstractmethod
    def annotate(self, doc: Doc, record: Record) -> None:
        """Set the record's gold annotation on a Doc from `make_doc`."""

    def _check_kind(self) -> None:
        look = recognize(self.path)
        if look is not None and not self.takes(look):
            reader = {"reader": type(self).__name__, "reads": self.reads}
            raise InvalidError(Errors.C033.format(path=self.path, title=look.title, remedy=look.remedy, **reader))

    def _report(self, count: int, skipped: int, first: Skipped | None) -> None:
        report = "it has no rows"
        if first is not None:
            total = count + skipped
            report = f"{skipped} of {total} rows skipped, the first of them {first.source}: {first.reason}"
        if count == 0:
            raise InvalidError(Errors.C023.format(path=self.path, report=report))
        if skipped:
            warnings.warn(Warnings.W401.format(path=self.path, report=report), stacklevel=2)


def make_text_doc(nlp: Language, text: str, source: str) -> Doc:
    """Return the text as a Doc. Raises InvalidError that names `source` for more characters than nlp.max_length."""
    check_length(nlp, len(text), source)
    return nlp.make_doc(text)


def make_token_doc(
    nlp: Language, words: Sequence[str], spaces: Sequence[bool], source: str, *, sentence_starts: Sequence[int] = ()
) -> Doc:
    """Return a Doc with given tokens.

    words: the text of each token. spaces: whether a space follows each token.
    sentence_starts: numbers of the tokens that begin sentences; none: sentences are not annotated.
    Raises InvalidError that names `source` for more characters than nlp.max_length.
    """
    check_length(nlp, sum(map(len, words)) + sum(spaces), source)
    doc = Doc(nlp.vocab, words=list(words), spaces=list(spaces))
    starts = frozenset(sentence_starts)
    if starts:
        for token in doc:
            token.is_sent_start = token.i in starts
    return doc


def check_length(nlp: Language, length: int, source: str) -> None:
    """Raise InvalidError that names `source` for a text of more characters than nlp.max_length."""
    if length > nlp.max_length:
        raise InvalidError(Errors.C024.format(source=source, length=length, limit=nlp.max_length))
