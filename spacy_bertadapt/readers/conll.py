"""Files of CoNLL's kind: a token and its tags on each line, and an empty line after each sentence."""

import re
from collections.abc import Iterator
from itertools import accumulate, groupby, islice
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

from ..errors import Errors, InvalidError, require_at_least
from .lines import read_lines
from .tags import Entity, read_entities

DOCUMENT_MARK = "-DOCSTART-"
WORD_NAMES = frozenset({"word", "words", "token", "tokens", "form"})
TAG_NAMES = frozenset({"tag", "tags", "label", "labels", "ner", "ner_tag", "ner_tags", "entity", "iob", "bio"})
KEY_AND_VALUE = re.compile(r"# \S+ = ")


class Columns(NamedTuple):
    """Which columns of a file hold what, by number: 0 is the first, -1 the last.

    word: the column of the words. tags: those of the tags; None: all after the word. document: the column that names
    the document, which holds no tags; None: there is none.
    """

    word: int
    tags: tuple[int, ...] | None
    document: int | None


class TaggedToken(NamedTuple):
    """A token of a file. tags: one a column of tags. line: number of its line, from 1. width: columns of that line."""

    word: str
    tags: tuple[str, ...]
    line: int
    width: int


class ConllRecord(NamedTuple):
    """The sentences of one Doc, none of them empty."""

    sentences: list[list[TaggedToken]]
    path: Path

    @property
    def source(self) -> str:
        """The place of the first token, as "file:line"."""
        return f"{self.path}:{self.sentences[0][0].line}"

    @property
    def tokens(self) -> list[TaggedToken]:
        """The tokens of all sentences."""
        return [token for sentence in self.sentences for token in sentence]

    def spaces(self) -> list[bool]:
        """Return whether a space follows each token: it follows all but the last."""
        return [True] * (len(self.tokens) - 1) + [False]

    def sentence_starts(self) -> list[int]:
        """Return the number of the token with which each sentence begins."""
        return list(accumulate(map(len, self.sentences[:-1]), initial=0))

    def entities(self, column: int, scheme: str | None) -> list[Entity]:
        """Return the entities of one column of tags, as runs of the record's tokens, each within one sentence.

        column: number of the column among those of the tags. scheme: as in `read_entities`.
        Raises InvalidError for a tag against the scheme.
        """
        entities = []
        for first, sentence in zip(self.sentence_starts(), self.sentences, strict=True):
            tags = [token.tags[column] for token in sentence]
            places = [f"{self.path}:{token.line}" for token in sentence]
            for start, stop, label in read_entities(tags, scheme, places.__getitem__):
                entities.append(Entity(first + start, first + stop, label))
        return entities


class ConllFile:
    """A file of tokens, of which some sentences at a time make a record.

    Columns are divided by tabs, or else by white space. `-DOCSTART-` starts a document. Comments are skipped:
    lines that start with "#" and have other columns than the file's first token.

    path: the file, in UTF-8; unpacked if its name ends in .gz.
    alternatives: what divides several tags in one column, of which the first counts; None: nothing does.
    sentences: how many make a record, at most; 0: all of a document.
    """

    def __init__(self, path: Path, columns: Columns, *, alternatives: str | None, sentences: int) -> None:
        require_at_least("sentences", sentences, 0)
        self.path = path
        self.columns = columns
        self.alternatives = alternatives
        self.sentences = sentences

    def records(self) -> Iterator[ConllRecord]:
        """Yield the records in the file's order.

        Raises NotFoundError and DirectoryError for a path without a file; InvalidError for a line that lacks a
        column, a word or a tag.
        """
        for _, document in groupby(self._tokens(), key=itemgetter(0)):
            sentences = ([token for _, _, token in group] for _, group in groupby(document, key=itemgetter(1)))
            while record := list(islice(sentences, self.sentences or None)):
                yield ConllRecord(record, self.path)

    def _tokens(self) -> Iterator[tuple[int, int, TaggedToken]]:
        """Yield the tokens, each with the numbers of its document and of its sentence."""
        document = sentence = 0
        name = None
        width = None
        for number, line in self._lines():
            fields = split_columns(line)
            is_mark = bool(fields) and fields[0] == DOCUMENT_MARK
            if is_mark or not line.strip():
                document += is_mark
                sentence += 1
                continue
            if width is None:
                self._refuse_header(fields, number)
            width = width or len(fields)
            named = None if self.columns.document is None else self._field(fields, self.columns.document, number)
            if named != name:
                name = named
                document += 1
                sentence += 1
            yield document, sentence, self._token(fields, width, number)

    def _refuse_header(self, fields: list[str], number: int) -> None:
        """Raise InvalidError for a first line of names of columns, which would become a token with an entity."""
        names = [field.strip().casefold() for field in fields]
        if len(names) > 1 and WORD_NAMES.intersection(names) and TAG_NAMES.intersection(names):
            raise InvalidError(Errors.C035.format(source=f"{self.path}:{number}", fields=fields))

    def _lines(self) -> Iterator[tuple[int, str]]:
        """Yield the numbered lines without comments."""
        layout = _read_layout(self.path)
        for number, line in read_lines(self.path):
            line = line.rstrip("\r\n")
            if layout is None or not layout.is_comment(line):
                yield number, line

    def _token(self, fields: list[str], width: int, number: int) -> TaggedToken:
        """Return the token of a line. width: how many columns the first token has."""
        word = self._field(fields, self.columns.word, number)
        columns = self.columns.tags
        if columns is None:
            columns = self._columns_after_word(fields, width, number)
        tags = [self._field(fields, column, number) for column in columns]
        if self.alternatives:
            tags = [tag.split(self.alternatives)[0] for tag in tags]
        if not word.strip(" ") or not tags or not all(tag.strip() for tag in tags):
            raise self._error(fields, number)
        return TaggedToken(word, tuple(tag.strip() for tag in tags), number, len(fields))

    def _columns_after_word(self, fields: list[str], width: int, number: int) -> tuple[int, ...]:
        if len(fields) != width:
            source = f"{self.path}:{number}"
            raise InvalidError(Errors.C029.format(source=source, width=len(fields), expected=width))
        document = None if self.columns.document is None else self.columns.document % width
        return tuple(column for column in range(self.columns.word % width + 1, width) if column != document)

    def _field(self, fields: list[str], column: int, number: int) -> str:
        if not -len(fields) <= column < len(fields) or len(fields) < 2:
            raise self._error(fields, number)
        return fields[column]

    def _error(self, fields: list[str], number: int) -> InvalidError:
        return InvalidError(Errors.C025.format(source=f"{self.path}:{number}", fields=fields))


class Layout(NamedTuple):
    """How a file divides its columns, and how many there are. tabs: whether by tabs; else by white space."""

    tabs: bool
    columns: int

    def is_comment(self, line: str) -> bool:
        """Return whether a line is "# key = value", or starts with "#" and has another layout.

        "#" alone, or with the layout of the file, is a word.
        """
        if not line.startswith("#") or len(line.split()) == 1:
            return False
        differs = ("\t" in line) != self.tabs or len(split_columns(line)) != self.columns
        return differs or KEY_AND_VALUE.match(line) is not None


def split_columns(line: str) -> list[str]:
    """Return the columns of a line, divided by tabs, or else by spaces."""
    return line.split("\t") if "\t" in line else [field for field in line.split(" ") if field]


def _read_layout(path: Path) -> Layout | None:
    """Return the layout of the first token that doesn't start as a comment does; None without one."""
    for _, line in read_lines(path):
        line = line.rstrip("\r\n")
        if line.strip() and not line.startswith(("#", DOCUMENT_MARK)):
            return Layout("\t" in line, len(split_columns(line)))
    return None
