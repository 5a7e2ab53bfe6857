"""The rows of a report on `doc.ents`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from spacy.tokens import Doc, Span
from spacy.training import Example

from ...planning.report_rows import SpanRows
from ...planning.span_rows import Scored, span_rows


def ner_rows(pipe: Any, examples: Sequence[Example]) -> SpanRows:
    """Return the gold and the predicted entities of the Examples that have gold."""
    name = pipe.score_extension

    def predicted(doc: Doc) -> list[Scored]:
        is_scored = name is not None and Span.has_extension(name)
        scores = [entity._.get(name) if is_scored else None for entity in doc.ents]
        return [
            (entity, None if score is None else float(score)) for entity, score in zip(doc.ents, scores, strict=True)
        ]

    return span_rows(examples, gold=_gold, predicted=predicted, is_known=_is_known)


def _gold(doc: Doc) -> Sequence[Span] | None:
    return doc.ents if doc.has_annotation("ENT_IOB") else None


def _is_known(span: Span) -> bool:
    return all(token.ent_iob != 0 for token in span)
