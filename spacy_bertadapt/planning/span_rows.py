"""The rows of a report on labelled spans of texts, counted as spaCy's scorer counts them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
from spacy.tokens import Doc, Span
from spacy.training import Example

from .report_rows import RowSpan, SpanRows

Scored = tuple[Span, float | None]


def span_rows(
    examples: Sequence[Example],
    *,
    gold: Callable[[Doc], Iterable[Span] | None],
    predicted: Callable[[Doc], Iterable[Scored]],
    is_known: Callable[[Span], bool] = lambda span: True,
) -> SpanRows:
    """Return the gold and the predicted spans of each Example, both as characters of the gold text.

    gold: returns the spans of a Doc; None: it has no gold. predicted: returns spans with their scores. is_known:
    whether there is gold for the tokens of a span; a prediction where there is none is left out, as it can't be judged.
    Predictions that cut a gold token are widened to whole ones, as spaCy's scorer does.
    """
    numbers, golds, predictions = [], [], []
    texts: list[tuple[str, ...]] = []
    for number, example in enumerate(examples):
        spans = gold(example.reference)
        if spans is None:
            continue
        numbers.append(number)
        texts.append((example.reference.text,))
        golds.append(sorted({_row_span(span, None) for span in spans}, key=lambda span: span.key))
        predictions.append(_predicted(example, predicted(example.predicted), is_known))
    return SpanRows(
        examples=np.array(numbers, dtype=np.int64), texts=texts, main="F", gold=golds, predicted=predictions
    )


def _predicted(example: Example, spans: Iterable[Scored], is_known: Callable[[Span], bool]) -> list[RowSpan]:
    aligned = {}
    for span, score in spans:
        indices = example.alignment.x2y[span.start : span.end]
        if not len(indices):
            continue
        place = example.reference[int(indices[0]) : int(indices[-1]) + 1]
        if is_known(place):
            row_span = RowSpan(place.start_char, place.end_char, span.label_, score)
            aligned[row_span.key] = row_span
    return [aligned[key] for key in sorted(aligned)]


def _row_span(span: Span, score: float | None) -> RowSpan:
    return RowSpan(span.start_char, span.end_char, span.label_, score)
