"""The base of corpora of texts with spans: it makes their Docs, and sets spans to whole tokens."""

from __future__ import annotations

import warnings
from abc import abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import cast

from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.training import Example

from ..errors import Warnings
from .annotated import AnnotatedText, CharSpan
from .corpus import RecordCorpus, make_text_doc, make_token_doc


class AnnotatedCorpus(RecordCorpus[AnnotatedText]):
    """A file of texts with spans. A subclass reads the texts, and says where the spans go.

    A span that begins or ends inside a token is widened to whole tokens, and white space at its ends is left out; such
    spans are counted and reported.

    gold_preproc: whether pipelines are scored on the file's tokens; else on the tokens of their own tokenizer.
    path, limit: see `RecordCorpus`.
    """

    def __init__(self, path: str | Path | None, *, gold_preproc: bool, limit: int) -> None:
        super().__init__(path, limit=limit)
        self.gold_preproc = gold_preproc

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
        """Set the record's spans, in order of their start, the longest first; the same one twice counts once."""
        spans = [self._align(doc, span, record.source) for span in dict.fromkeys(record.spans)]
        spans.sort(key=lambda span: (span.start, -span.end))
        self.set_spans(doc, list(dict.fromkeys(spans)), record.source)

    @abstractmethod
    def set_spans(self, doc: Doc, spans: list[Span], source: str) -> None:
        """Set spans of whole tokens on a Doc. source: the record's place."""

    def _align(self, doc: Doc, span: CharSpan, source: str) -> Span:
        """Return the span of whole tokens around a range of characters, without white space at its ends.

        A token of CoNLL may be white space alone, such as a no-break space, and so may a span of it.
        """
        text = doc.text[span.start : span.end]
        start, end = span.start, span.end
        if not text.isspace():
            start, end = end - len(text.lstrip()), start + len(text.rstrip())
        # Not None: the readers refuse white space alone, and every other character is in a token.
        aligned = cast(Span, doc.char_span(start, end, label=span.label, alignment_mode="expand"))
        self._total += 1
        if (aligned.start_char, aligned.end_char) != (span.start, span.end):
            self._changed += 1
            self._first_changed = self._first_changed or f"{source}: {span.label} {text!r:.60}"
        return aligned
