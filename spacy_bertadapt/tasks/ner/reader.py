"""Tokens with tags of entities, one a line: CoNLL-2003 and files of two columns."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from spacy.language import Language
from spacy.tokens import Doc, Span

from ...errors import Errors, InvalidError
from ...readers.corpus import RecordCorpus, check_length
from ...readers.lines import read_lines
from ...readers.tags import MISSING, check_scheme, read_entities

DOCUMENT_MARK = "-DOCSTART-"
KEY_AND_VALUE = re.compile(r"# \S+ = ")


class Layout(NamedTuple):
    """How a file divides its columns, by tabs or by white space, and how many there are."""

    tabs: bool
    columns: int

    def is_comment(self, line: str) -> bool:
        """Whether a line is "# key = value", or starts with "#" and differs from the layout; "#" may be a word too."""
        if not line.startswith("#") or len(line.split()) == 1:
            return False
        differs = ("\t" in line) != self.tabs or len(split_columns(line)) != self.columns
        return differs or KEY_AND_VALUE.match(line) is not None


class Line(NamedTuple):
    """A token: its word, its tag, and the number of its line in the file."""

    word: str
    tag: str
    number: int


class ConllRecord(NamedTuple):
    """The sentences of a Doc. source: "file:line" of its first token."""

    sentences: list[list[Line]]
    source: str

    @property
    def lines(self) -> list[Line]:
        """All tokens."""
        return [line for sentence in self.sentences for line in sentence]


def split_columns(line: str) -> list[str]:
    """The columns of a line, divided by tabs, or else by white space."""
    return line.split("\t") if "\t" in line else [field for field in line.split(" ") if field]


class ConllCorpus(RecordCorpus[ConllRecord]):
    """A file with a word and a tag on each line, and an empty line after each sentence, as Examples with entities.

    Words stand in the Doc's text with a space between. Tags may be BIO, IOB1, IO, BIOES or BILOU; "-" says that
    nothing is known of a token. `-DOCSTART-` starts a document. Comments are passed over: lines that start with "#"
    and have other columns than the file's first token.

    path: in UTF-8; compressed if its name ends in .gz. Columns are divided by tabs, or else by white space.
    word, tag: numbers of columns: 0 is the first, -1 the last.
    document: number of the column that names the document; None: there is none.
    scheme: "bio", "iob1", "bioes" or "bilou": a tag against it is an error. None reads them all, and lets an entity
        start wherever none goes on.
    alternatives: what divides several tags of a token, of which the first counts; None: nothing does.
    sentences: how many go into a Doc, at most; 0: all of a document.
    gold_preproc: whether pipelines are scored on the file's tokens, as in publications; else on those of their own
        tokenizer, as in use. Training is on the file's tokens.
    limit: the number of Docs at most; 0 for all.
    """

    def __init__(
        self,
        path: str | Path | None,
        *,
        word: int = 0,
        tag: int = -1,
        document: int | None = None,
        scheme: str | None = None,
        alternatives: str | None = ",",
        sentences: int = 1,
        gold_preproc: bool = False,
        limit: int = 0,
    ) -> None:
        super().__init__(path, limit=limit)
        check_scheme(scheme)
        if sentences < 0:
            raise InvalidError(Errors.E308.format(setting="sentences", value=sentences, remedy="use 0 or more"))
        self.word = word
        self.tag = tag
        self.document = document
        self.scheme = scheme
        self.alternatives = alternatives
        self.sentences = sentences
        self.gold_preproc = gold_preproc

    def read(self) -> Iterator[ConllRecord]:
        """Stream the Docs' sentences."""
        gathered: list[list[Line]] = []
        for sentence, is_first in self._sentences():
            if gathered and (is_first or len(gathered) == self.sentences):
                yield self._record(gathered)
                gathered = []
            gathered.append(sentence)
        if gathered:
            yield self._record(gathered)

    def make_doc(self, nlp: Language, record: ConllRecord) -> Doc:
        """Return the file's tokens as a Doc."""
        words = [line.word for line in record.lines]
        check_length(nlp, sum(map(len, words)) + len(words) - 1, record.source)
        doc = Doc(nlp.vocab, words=words, spaces=[True] * (len(words) - 1) + [False])
        if self.sentences != 1:
            starts = {sum(map(len, record.sentences[:number])) for number in range(len(record.sentences))}
            for token in doc:
                token.is_sent_start = token.i in starts
        return doc

    def make_predicted(self, nlp: Language, record: ConllRecord) -> Doc:
        """Return the same, or the same text as the pipeline's tokenizer splits it."""
        doc = self.make_doc(nlp, record)
        return doc if self.gold_preproc else nlp.make_doc(doc.text)

    def annotate(self, doc: Doc, record: ConllRecord) -> None:
        """Set `doc.ents`; entities never reach over the end of a sentence."""
        spans, first = [], 0
        for sentence in record.sentences:
            tags = [line.tag for line in sentence]

            def source_of(number: int, sentence: list[Line] = sentence) -> str:
                return f"{self.path}:{sentence[number].number}"

            for entity in read_entities(tags, self.scheme, source_of):
                spans.append(Span(doc, first + entity.start, first + entity.stop, label=entity.label))
            first += len(sentence)
        missing = [doc[i : i + 1] for i, line in enumerate(record.lines) if line.tag == MISSING]
        doc.set_ents(spans, missing=missing)

    def _record(self, sentences: list[list[Line]]) -> ConllRecord:
        return ConllRecord(sentences, f"{self.path}:{sentences[0][0].number}")

    def _sentences(self) -> Iterator[tuple[list[Line], bool]]:
        """The sentences, and whether each is the first of its document."""
        sentence: list[Line] = []
        is_first, document = True, None
        layout = self._layout()
        for number, line in read_lines(self.path):
            line = line.rstrip("\r\n")
            if layout is not None and layout.is_comment(line):
                continue
            fields = split_columns(line)
            marks = bool(fields) and fields[0] == DOCUMENT_MARK
            if sentence and (marks or not line.strip()):
                yield sentence, is_first
                sentence, is_first = [], False
            if marks or not line.strip():
                is_first = is_first or marks
                continue
            named = self._field(fields, self.document, number) if self.document is not None else None
            if named != document:
                if sentence:
                    yield sentence, is_first
                    sentence = []
                is_first, document = True, named
            sentence.append(self._line(fields, number))
        if sentence:
            yield sentence, is_first

    def _layout(self) -> Layout | None:
        """That of the first token that doesn't start as a comment does; None without one."""
        for _, line in read_lines(self.path):
            line = line.rstrip("\r\n")
            if line.strip() and not line.startswith(("#", DOCUMENT_MARK)):
                return Layout("\t" in line, len(split_columns(line)))
        return None

    def _line(self, fields: list[str], number: int) -> Line:
        word, tag = self._field(fields, self.word, number), self._field(fields, self.tag, number)
        if self.alternatives:
            tag = tag.split(self.alternatives)[0]
        if not word.strip() or not tag.strip():
            raise InvalidError(Errors.C025.format(source=f"{self.path}:{number}", found=fields))
        return Line(word, tag.strip(), number)

    def _field(self, fields: list[str], column: int, number: int) -> str:
        if not -len(fields) <= column < len(fields) or len(fields) < 2:
            raise InvalidError(Errors.C025.format(source=f"{self.path}:{number}", found=fields))
        return fields[column]
