"""Pairs of premise and hypothesis."""

from __future__ import annotations

from typing import Any

from spacy.language import Language
from spacy.training import Example

from spacy_bertadapt import make_pair_doc

SETTINGS: dict[str, Any] = {}

PAIRS = {
    "contradiction": [
        ("my parcel never arrived", "the parcel is here"),
        ("the courier was late again", "the courier is never late"),
        ("my card was charged twice", "nothing was charged"),
    ],
    "entailment": [
        ("my parcel never arrived", "the parcel is not here"),
        ("the courier was late again", "the courier is late"),
        ("my card was charged twice", "a card was charged"),
    ],
    "neutral": [
        ("my parcel never arrived", "the parcel is a gift"),
        ("the courier was late again", "the courier is new"),
        ("my card was charged twice", "the card was charged abroad"),
    ],
}


def make_examples(nlp: Language) -> list[Example]:
    """Return nine pair Docs with the relation of their parts."""
    examples = []
    for label, pairs in PAIRS.items():
        for premise, hypothesis in pairs:
            reference = make_pair_doc(nlp, premise, hypothesis, "nli")
            reference.cats = {name: float(name == label) for name in PAIRS}
            examples.append(Example(make_pair_doc(nlp, premise, hypothesis, "nli"), reference))
    return examples


def as_input(text: str) -> str:
    """Return a pair with a text as its premise."""
    return f"{text} [SEP] the parcel is lost"
