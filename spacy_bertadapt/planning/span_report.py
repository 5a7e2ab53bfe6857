"""What may be wrong with gold spans, whatever task they are of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from spacy.tokens import Doc, Span
from wasabi import msg

from ..component.misfits import misfit_spans
from .task import Window

EXAMPLES_SHOWN = 3
LENGTHS_SHOWN = 10
CONTEXT = 20  # characters on each side of a span that is shown
PROBLEMS = {
    "cut": "begin or end inside a token of the pipeline's tokenizer, which can't predict them whole",
    "bordered": "begin or end with white space or punctuation",
    "too long": "have more subwords than a window, so that no window sees them whole",
    "empty": "have no subword at all, and can't be learned",
}


@dataclass
class SpanReport:
    """Gold spans of a split, and those that look wrong.

    window: of the encoder that is to read the texts; None: none is known. things: what the spans are called, in the
    plural. lengths: spans by number of tokens. suspects: by kind of problem, as of `PROBLEMS`, each span as text.
    """

    window: Window | None
    things: str = "spans"
    lengths: Counter[int] = field(default_factory=Counter)
    suspects: dict[str, list[str]] = field(default_factory=lambda: {problem: [] for problem in PROBLEMS})

    def add_spans(self, spans: Sequence[Span], predicted: Doc) -> None:
        """Look at the gold spans of an Example. predicted: its Doc with the tokens of the pipeline's tokenizer."""
        misfits = set(misfit_spans(spans, predicted))
        self.lengths.update(map(len, spans))
        for span in spans:
            self._suspect("cut", span, span in misfits)
            self._suspect("bordered", span, any(token.is_space or token.is_punct for token in (span[0], span[-1])))
        if self.window is not None:
            encoded = self.window.tokenizer.encode([span.text for span in spans])
            for span, subwords in zip(spans, encoded, strict=True):
                self._suspect("too long", span, len(subwords) > self.window.room)
                self._suspect("empty", span, not len(subwords))

    def show(self) -> None:
        """Print the lengths, and the first spans of each problem."""
        total = self.lengths.total()
        tokens = ", ".join(f"{length}: {count:,}" for length, count in sorted(self.lengths.items())[:LENGTHS_SHOWN])
        msg.info(f"{total:,} {self.things}; by number of tokens: {tokens or 'none'}")
        for problem, spans in self.suspects.items():
            if spans:
                msg.warn(f"{len(spans):,} {self.things} {PROBLEMS[problem]}")
                msg.text("\n".join(f"  {span}" for span in spans[:EXAMPLES_SHOWN]))

    def _suspect(self, problem: str, span: Span, holds: bool) -> None:
        if holds:
            self.suspects[problem].append(in_context(span))


def in_context(span: Span) -> str:
    """Return a span with its label and the text around it, in one line."""
    text = span.doc.text
    before, after = text[max(0, span.start_char - CONTEXT) : span.start_char], text[span.end_char :][:CONTEXT]
    return f"{span.label_}: …{before}[{span.text}]{after}…".replace("\n", " ")
