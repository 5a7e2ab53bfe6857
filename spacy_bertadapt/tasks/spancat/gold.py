"""The gold spans of a Doc, for the commands."""

from __future__ import annotations

from collections.abc import Sequence

from spacy.tokens import Doc, Span

from .factory import DEFAULTS

SPANS_KEY = DEFAULTS["spans_key"]


def gold_spans(doc: Doc) -> Sequence[Span] | None:
    """Return the spans under the usual key; None for a Doc without annotation, which has no group there."""
    return list(doc.spans[SPANS_KEY]) if SPANS_KEY in doc.spans else None
