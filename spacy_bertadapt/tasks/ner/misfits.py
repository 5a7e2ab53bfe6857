"""Gold entities that begin or end inside a token."""

from __future__ import annotations

from spacy.tokens import Span
from spacy.training import Example

from ...component.misfits import misfit_spans


def misfit_entities(example: Example) -> list[Span]:
    """Return the gold entities that begin or end inside a token of the predicted Doc, and can't be predicted whole."""
    return misfit_spans(example.reference.ents, example.predicted)
