"""Questions on contexts, with their answers."""

from __future__ import annotations

from typing import Any

from spacy.language import Language
from spacy.training import Example

from spacy_bertadapt import make_pair_doc

SETTINGS: dict[str, Any] = {"stride": 16}

QUESTIONS = [
    ("where was Ada born ?", "Ada was born in London .", "London"),
    ("who worked with Ada ?", "Charles Babbage worked with Ada .", "Charles Babbage"),
    ("when was Ada born ?", "Ada was born in London .", None),
    ("where is the parcel ?", "the parcel is in Riga now .", "Riga"),
    ("who has the parcel ?", "the parcel is in Riga now .", None),
    ("what is late ?", "the courier is late again .", "the courier"),
    ("when did it rain ?", "it rained in May .", "May"),
    ("who was late ?", "it rained in May .", None),
    ("what rained ?", "the shop opens at six .", None),
]


def make_examples(nlp: Language) -> list[Example]:
    """Return nine questions on contexts; some have no answer."""
    examples = []
    for question, context, answer in QUESTIONS:
        reference = make_pair_doc(nlp, question, context, "qa")
        start = reference.text.rfind(answer) if answer else 0
        span = reference.char_span(start, start + len(answer)) if answer else None
        reference.spans["answers"] = [] if span is None else [span]
        examples.append(Example(make_pair_doc(nlp, question, context, "qa"), reference))
    return examples


def as_input(text: str) -> str:
    """Return a pair with a text as its context."""
    return f"where is it ? [SEP] {text}"
