"""Texts with entities."""

from __future__ import annotations

from typing import Any

from spacy.language import Language
from spacy.training import Example

SETTINGS: dict[str, Any] = {}

ENTITIES = [
    ("Ada Lovelace lived in London", [(0, 12, "PERSON"), (22, 28, "PLACE")]),
    ("the parcel went to Lima and came back again", [(19, 23, "PLACE")]),
    ("Ana called Tom from Riga", [(0, 3, "PERSON"), (11, 14, "PERSON"), (20, 24, "PLACE")]),
    ("nothing here is a name", []),
    ("New York City is late", [(0, 13, "PLACE")]),
    ("the courier met Jonas again", [(16, 21, "PERSON")]),
    ("London wrote to Ada Lovelace", [(0, 6, "PLACE"), (16, 28, "PERSON")]),
    ("where is it", []),
    ("from Riga to New York", [(5, 9, "PLACE"), (13, 21, "PLACE")]),
]


def make_examples(nlp: Language) -> list[Example]:
    """Return nine texts, not all of one length, with their entities."""
    return [Example.from_dict(nlp.make_doc(text), {"entities": spans}) for text, spans in ENTITIES]


def as_input(text: str) -> str:
    """Return a text as the component reads it."""
    return text
