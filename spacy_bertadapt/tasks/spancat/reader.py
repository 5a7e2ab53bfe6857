"""The reader of spans that overlap and nest: nested CoNLL, and texts with spans of any format."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import accumulate, islice
from pathlib import Path

from spacy.tokens import Doc, Span

from ...errors import Errors, InvalidError, require
from ...readers.annotated import AnnotatedText, CharSpan, Tokens, read_annotated
from ...readers.annotated_corpus import AnnotatedCorpus
from ...readers.conll import Columns, ConllFile, ConllRecord
from ...readers.corpus import Skipped
from ...readers.lines import plain_suffix
from ...readers.recognition import ROWS, TAG, TOLD_BY_LOOK, Look, recognize
from ...readers.rows import FORMATS, KEYED
from ...readers.settings import checked_settings
from ...readers.tags import check_scheme

CONLL = "conll"
RECORDS_CHECKED, TOKENS_NEEDED = 5, 3


class SpanCorpus(AnnotatedCorpus):
    """A file of texts with spans that may overlap, as Examples with `reference.spans[spans_key]`.

    The file is one of two:
    - nested CoNLL: a word and some tags on each line, and an empty line after each sentence. Each column of tags is a
      level of nesting, in BIO, IOB1, IO, BIOES or BILOU; "-" is read as O. Documents and comments are as in
      `ConllCorpus`.
    - rows with `text`, `spans` and maybe `tokens` and `answer`, as Prodigy's `spans.manual` writes them in JSONL, and
      as the exports of other tools are read: see docs/data.md. Rows whose answer is not "accept" are skipped and
      reported. The Doc has the row's tokens if there are any, else those of the pipeline's tokenizer.

    A range with several labels gets a Span for each label; the same label twice on a range counts once. A span that
    begins or ends inside a token is widened to whole tokens, and white space at its ends is left out; such spans are
    counted and reported. A span outside of its text is an error.

    path: the file, in UTF-8; unpacked if its name ends in .gz.
    format: "conll", or one of docs/data.md such as "jsonl"; None: by content and suffix, and else CoNLL.
    word: number of the column of the words: 0 is the first, -1 the last. CoNLL only, as all up to `sentences`.
    tags: numbers of the columns of tags; None: all after the word, but for that of the document; one of them without a
        tag such as B-X or O in the first sentences is an error, as it holds something else.
    document: number of the column that names the document; None: there is none.
    scheme: "bio", "iob1", "bioes" or "bilou": a tag against it is an error. None reads them all.
    sentences: how many go into a Doc, at most; 0: all of a document.
    gold_preproc: whether pipelines are scored on the file's tokens; else on the tokens of their own tokenizer.
    spans_key: the key in `doc.spans`.
    limit: the number of Docs at most; 0 for all.
    """

    @checked_settings
    def __init__(
        self,
        path: str | Path | None,
        *,
        format: str | None = None,
        word: int = 0,
        tags: Sequence[int] | None = None,
        document: int | None = None,
        scheme: str | None = None,
        sentences: int = 1,
        gold_preproc: bool = False,
        spans_key: str = "sc",
        limit: int = 0,
    ) -> None:
        super().__init__(path, gold_preproc=gold_preproc, limit=limit)
        check_scheme(scheme)
        formats = (CONLL, *KEYED)
        remedy = f"use {' or '.join(formats)}, or null to tell it by content and suffix"
        require("format", format, possible=format is None or format in formats, remedy=remedy)
        remedy = "name the columns of the tags, or use null for all after the word"
        require("tags", tags, possible=tags is None or len(tags) > 0, remedy=remedy)
        self.format = format
        columns = Columns(word, None if tags is None else tuple(tags), document)
        self.file = ConllFile(self.path, columns, alternatives=None, sentences=sentences)
        self.scheme = scheme
        self.spans_key = spans_key

    @property
    def reads(self) -> str:
        """The kind of file that the reader reads, in a few words."""
        return "CoNLL" if self._format == CONLL else "texts with spans"

    def takes(self, look: Look) -> bool:
        """Return whether a file of that look is of the reader's format."""
        if self._format == CONLL:
            return look.name == "conll" or (look.name == "conllu" and self.file.columns.word != 0)
        if look.name in ("prodigy", *TOLD_BY_LOOK):
            return TOLD_BY_LOOK[look.name] == self._format or (look.name == "prodigy" and self._format == "jsonl")
        return look.name in ("json", "jsonl") or (look.name in ROWS and "text" in look.keys)

    def read(self) -> Iterator[AnnotatedText | Skipped]:
        """Yield the texts, and a `Skipped` for each row that is not accepted.

        Raises InvalidError for a malformed row or line, and for a span outside of its text.
        """
        if self._format != CONLL:
            return read_annotated(self.path, format=self._format)
        if self.file.columns.tags is None:
            self._check_columns()
        return map(self._read_conll, self.file.records())

    def set_spans(self, doc: Doc, spans: list[Span], source: str) -> None:
        """Set `doc.spans[spans_key]` to the record's spans, by their start, the longest first."""
        doc.spans[self.spans_key] = spans

    @cached_property
    def _format(self) -> str:
        """The format that is set, or that the file's content tells, or else its name."""
        if self.format is not None:
            return self.format
        look = recognize(self.path)
        named = FORMATS.get(plain_suffix(self.path))
        return TOLD_BY_LOOK.get(look.name if look else "") or (named if named in KEYED else None) or CONLL

    def _check_columns(self) -> None:
        """Raise InvalidError if a column after the word has no tag of spans, as one of parts of speech has none."""
        tokens = [token for record in islice(self.file.records(), RECORDS_CHECKED) for token in record.tokens]
        for number, tags in enumerate(zip(*(token.tags for token in tokens), strict=True), start=1):
            if len(tags) >= TOKENS_NEEDED and not any(map(TAG.fullmatch, tags)):
                source = f"{self.path}:{tokens[0].line}"
                raise InvalidError(
                    Errors.C038.format(source=source, column=number, tags=", ".join(dict.fromkeys(tags)))
                )

    def _read_conll(self, record: ConllRecord) -> AnnotatedText:
        words = [token.word for token in record.tokens]
        starts = list(accumulate((len(word) + 1 for word in words), initial=0))
        spans = [
            CharSpan(starts[entity.start], starts[entity.stop] - 1, entity.label)
            for column in range(len(record.tokens[0].tags))
            for entity in record.entities(column, self.scheme)
        ]
        sentence_starts = record.sentence_starts() if self.file.sentences != 1 else ()
        tokens = Tokens(words, record.spaces(), sentence_starts)
        return AnnotatedText(" ".join(words), tokens, spans, record.source)
