"""The reader of spans that overlap and nest: nested CoNLL, and JSONL as Prodigy writes it."""

import warnings
from collections.abc import Iterator, Sequence
from itertools import accumulate, islice
from pathlib import Path
from typing import cast

from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.training import Example

from ...errors import Errors, InvalidError, Warnings, require
from ...readers.conll import Columns, ConllFile, ConllRecord
from ...readers.corpus import RecordCorpus, Skipped, make_text_doc, make_token_doc
from ...readers.lines import plain_suffix
from ...readers.prodigy import AnnotatedText, CharSpan, Tokens, read_prodigy
from ...readers.recognition import ROWS, TAG, Look
from ...readers.settings import checked_settings
from ...readers.tags import check_scheme

FORMATS = ("conll", "jsonl")
RECORDS_CHECKED, TOKENS_NEEDED = 5, 3


class SpanCorpus(RecordCorpus[AnnotatedText]):
    """A file of texts with spans that may overlap, as Examples with `reference.spans[spans_key]`.

    The file is one of two:
    - nested CoNLL: a word and some tags on each line, and an empty line after each sentence. Each column of tags is a
      level of nesting, in BIO, IOB1, IO, BIOES or BILOU; "-" is read as O. Documents and comments are as in
      `ConllCorpus`.
    - JSONL with `text`, `spans` and maybe `tokens` and `answer`, as Prodigy's `spans.manual` writes it. Rows whose
      answer is not "accept" are skipped and reported. The Doc has the row's tokens if there are any, else those of the
      pipeline's tokenizer.

    A range with several labels gets a Span for each label; the same label twice on a range counts once. A span that
    begins or ends inside a token is widened to whole tokens, and white space at its ends is left out; such spans are
    counted and reported. A span outside of its text is an error.

    path: the file, in UTF-8; unpacked if its name ends in .gz.
    format: "conll" or "jsonl"; None: by suffix, where .jsonl is JSONL and everything else CoNLL.
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
        super().__init__(path, limit=limit)
        check_scheme(scheme)
        remedy = f"use {' or '.join(FORMATS)}, or null to tell it by suffix"
        require("format", format, possible=format is None or format in FORMATS, remedy=remedy)
        remedy = "name the columns of the tags, or use null for all after the word"
        require("tags", tags, possible=tags is None or len(tags) > 0, remedy=remedy)
        self.format = format or ("jsonl" if plain_suffix(self.path) == ".jsonl" else "conll")
        columns = Columns(word, None if tags is None else tuple(tags), document)
        self.file = ConllFile(self.path, columns, alternatives=None, sentences=sentences)
        self.scheme = scheme
        self.gold_preproc = gold_preproc
        self.spans_key = spans_key

    def __call__(self, nlp: Language) -> Iterator[Example]:
        """Yield an Example for each text; one warning at the end reports the spans that were set to whole tokens.

        Raises what `RecordCorpus` raises.
        """
        self._total = self._changed = 0
        self._first_changed = ""
        yield from super().__call__(nlp)
        if self._changed:
            settings = {"count": self._changed, "total": self._total, "first": self._first_changed}
            warnings.warn(Warnings.W403.format(path=self.path, **settings), stacklevel=2)

    @property
    def reads(self) -> str:
        """The kind of file that the reader reads, in a few words."""
        return "Prodigy's JSON Lines" if self.format == "jsonl" else "CoNLL"

    def takes(self, look: Look) -> bool:
        """Return whether a file of that look is of the reader's format."""
        if self.format == "conll":
            return look.name == "conll" or (look.name == "conllu" and self.file.columns.word != 0)
        return look.name == "jsonl" or (look.name in ROWS and "text" in look.keys)

    def read(self) -> Iterator[AnnotatedText | Skipped]:
        """Yield the texts, and a `Skipped` for each row of JSONL that is not accepted.

        Raises InvalidError for a malformed row or line, and for a span outside of its text.
        """
        if self.format == "jsonl":
            return read_prodigy(self.path)
        if self.file.columns.tags is None:
            self._check_columns()
        return map(self._read_conll, self.file.records())

    def make_doc(self, nlp: Language, record: AnnotatedText) -> Doc:
        """Return a Doc with the file's tokens, or with those of the pipeline's tokenizer where the file has none.

        Raises InvalidError for a text longer than nlp.max_length.
        """
        if record.tokens is None:
            return make_text_doc(nlp, record.text, record.source)
        words, spaces, starts = record.tokens
        return make_token_doc(nlp, words, spaces, record.source, sentence_starts=starts)

    def make_predicted(self, nlp: Language, record: AnnotatedText) -> Doc:
        """Return a Doc with the file's tokens, or with those of the pipeline's tokenizer."""
        return self.make_doc(nlp, record) if self.gold_preproc else nlp.make_doc(record.text)

    def annotate(self, doc: Doc, record: AnnotatedText) -> None:
        """Set `doc.spans[spans_key]` to the record's spans, by their start, the longest first."""
        spans = [self._align(doc, span, record.source) for span in dict.fromkeys(record.spans)]
        spans.sort(key=lambda span: (span.start, -span.end))
        doc.spans[self.spans_key] = list(dict.fromkeys(spans))

    def _align(self, doc: Doc, span: CharSpan, source: str) -> Span:
        """Return the span of whole tokens around a range of characters, without white space at its ends.

        A token of CoNLL may be white space alone, such as a no-break space, and so may a span of it.
        """
        text = doc.text[span.start : span.end]
        start, end = span.start, span.end
        if not text.isspace():
            start, end = end - len(text.lstrip()), start + len(text.rstrip())
        # Not None: `read_prodigy` refuses white space alone, and every other character is in a token.
        aligned = cast(Span, doc.char_span(start, end, label=span.label, alignment_mode="expand"))
        self._total += 1
        if (aligned.start_char, aligned.end_char) != (span.start, span.end):
            self._changed += 1
            self._first_changed = self._first_changed or f"{source}: {span.label} {text!r:.60}"
        return aligned

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
