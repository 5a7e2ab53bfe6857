"""Texts to classify."""

from __future__ import annotations

from typing import Any

from spacy.language import Language
from spacy.training import Example

SETTINGS: dict[str, Any] = {}

TEXTS = {
    "delivery": ["my parcel never arrived", "where is the parcel", "the courier was late again"],
    "payment": ["my card was charged twice", "the invoice is wrong", "you charged the wrong card"],
    "returns": ["how do I return the shoes", "the return label does not print", "I want to return this"],
}


def make_examples(nlp: Language, *, several: bool = False) -> list[Example]:
    """Return nine texts with their labels. several: a second label holds for every text."""
    labels = list(TEXTS)
    examples = []
    for number, label in enumerate(labels):
        for text in TEXTS[label]:
            gold = {label, labels[number - 1]} if several else {label}
            cats = {name: float(name in gold) for name in labels}
            examples.append(Example.from_dict(nlp.make_doc(text), {"cats": cats}))
    return examples


def as_input(text: str) -> str:
    """Return a text as the component reads it."""
    return text
