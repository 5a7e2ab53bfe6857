"""Texts with spans that nest, cross, and share a range."""

from __future__ import annotations

from typing import Any

from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

SETTINGS: dict[str, Any] = {"max_span_length": 6}

SPANS = [
    ("the mayor of New York City is late", ["PERSON the mayor of New York City", "PLACE New York City"]),
    ("Ada Lovelace lived in London", ["PERSON Ada Lovelace", "PLACE London"]),
    ("Lima plays Riga again", ["PLACE Lima", "TEAM Lima", "PLACE Riga", "TEAM Riga"]),
    ("nothing here is a name", []),
    ("the Riga city council met in May", ["PLACE Riga city", "TEAM city council"]),
    ("Ana called the mayor of London", ["PERSON Ana", "PERSON the mayor of London", "PLACE London"]),
    ("where is the parcel now", []),
    ("the parcel went to Lima", ["PLACE Lima"]),
    ("from Riga to New York City", ["PLACE Riga", "PLACE New York City"]),
]


def make_examples(nlp: Language, *, key: str = "sc") -> list[Example]:
    """Return nine texts, not all of one length, with their spans. key: of the group in `doc.spans`."""
    examples = []
    for text, marked in SPANS:
        reference = nlp.make_doc(text)
        parts = [mark.split(" ", 1) for mark in marked]
        places = [(text.index(part), text.index(part) + len(part), label) for label, part in parts]
        reference.spans[key] = [reference.char_span(start, end, label=label) for start, end, label in places]
        examples.append(Example(nlp.make_doc(text), reference))
    return examples


def as_input(text: str) -> str:
    """Return a text as the component reads it."""
    return text


def labelled(doc: Doc, key: str = "sc") -> list[tuple[int, int, str]]:
    """Return the spans of a Doc in their order: first token, one past the last, and label."""
    return [(span.start, span.end, span.label_) for span in doc.spans[key]]
