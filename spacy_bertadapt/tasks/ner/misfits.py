"""Gold entities that the tokens of a pipeline don't fit."""

from __future__ import annotations

from spacy.tokens import Span
from spacy.training import Example


def misfit_entities(example: Example) -> list[Span]:
    """Return the gold entities that begin or end inside a token of the predicted Doc, and can't be predicted whole.

    Where the two Docs of the Example have different texts, no entity can be told to be one.
    """
    entities = example.reference.ents
    if not entities or example.predicted.text != example.reference.text:
        return []
    starts = {token.idx for token in example.predicted}
    ends = {token.idx + len(token) for token in example.predicted}
    return [entity for entity in entities if entity.start_char not in starts or entity.end_char not in ends]
