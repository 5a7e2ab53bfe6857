"""Gold spans that the tokens of a pipeline don't fit."""

from __future__ import annotations

from collections.abc import Sequence

from spacy.tokens import Doc, Span


def misfit_spans(spans: Sequence[Span], predicted: Doc) -> list[Span]:
    """Return the gold spans that begin or end inside a token of the predicted Doc, and can't be predicted whole.

    Returns nothing if that Doc has another text than the spans.
    """
    if not spans or predicted.text != spans[0].doc.text:
        return []
    starts = {token.idx for token in predicted}
    ends = {token.idx + len(token) for token in predicted}
    return [span for span in spans if span.start_char not in starts or span.end_char not in ends]
