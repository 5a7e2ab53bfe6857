"""The rows of a report on `doc.spans`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from spacy.tokens import Doc, Span
from spacy.training import Example

from ...planning.report_rows import SpanRows
from ...planning.span_rows import Scored, span_rows


def spancat_rows(pipe: Any, examples: Sequence[Example]) -> SpanRows:
    """Return the gold and the predicted spans of the Examples that have gold under the component's key."""
    key = pipe.spans_key

    def gold(doc: Doc) -> Sequence[Span] | None:
        return list(doc.spans[key]) if key in doc.spans else None

    def predicted(doc: Doc) -> list[Scored]:
        group = doc.spans.get(key, ())
        scores = getattr(group, "attrs", {}).get("scores", ())
        if len(scores) != len(group):
            return [(span, None) for span in group]
        return [(span, float(score)) for span, score in zip(group, scores, strict=True)]

    return span_rows(examples, gold=gold, predicted=predicted)
