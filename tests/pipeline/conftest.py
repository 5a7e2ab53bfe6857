"""A small text classification task, and components on a tiny BERT to learn it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.language import Language
from spacy.training import Example
from thinc.api import fix_random_seed

from spacy_bertadapt import make_pair_doc
from spacy_bertadapt.training.optimizer import adamw

TEXTS = {
    "delivery": ["my parcel never arrived", "where is the parcel", "the courier was late again"],
    "payment": ["my card was charged twice", "the invoice is wrong", "you charged the wrong card"],
    "returns": ["how do I return the shoes", "the return label does not print", "I want to return this"],
}


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


ENTITIES = [
    ("Ada Lovelace lived in London", [(0, 12, "PERSON"), (22, 28, "PLACE")]),
    ("the parcel went to Lima", [(19, 23, "PLACE")]),
    ("Ana called Tom from Riga", [(0, 3, "PERSON"), (11, 14, "PERSON"), (20, 24, "PLACE")]),
    ("nothing here is a name", []),
    ("New York City is late", [(0, 13, "PLACE")]),
    ("the courier met Jonas again", [(16, 21, "PERSON")]),
    ("London wrote to Ada Lovelace", [(0, 6, "PLACE"), (16, 28, "PERSON")]),
    ("where is the parcel now", []),
    ("from Riga to New York", [(5, 9, "PLACE"), (13, 21, "PLACE")]),
]
"""Five tokens each, so that the mean over batches of three is the mean over all."""


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


@pytest.fixture
def nlp() -> Language:
    """A blank English pipeline."""
    return spacy.blank("en")


@pytest.fixture
def make_texts() -> Callable[..., list[Example]]:
    """Makes training examples; `several` marks a second label on every text."""

    def make(nlp: Language, *, several: bool = False) -> list[Example]:
        labels = list(TEXTS)
        examples = []
        for number, label in enumerate(labels):
            for text in TEXTS[label]:
                gold = {label, labels[number - 1]} if several else {label}
                cats = {name: float(name in gold) for name in labels}
                examples.append(Example.from_dict(nlp.make_doc(text), {"cats": cats}))
        return examples

    return make


@pytest.fixture
def make_examples(make_texts: Callable[..., list[Example]]) -> Callable[..., list[Example]]:
    """Training examples of the task most tests are about: texts."""
    return make_texts


@pytest.fixture
def make_pairs() -> Callable[..., list[Example]]:
    """Makes nine pair Docs with the relation of their parts."""

    def make(nlp: Language) -> list[Example]:
        examples = []
        for label, pairs in PAIRS.items():
            for premise, hypothesis in pairs:
                reference = make_pair_doc(nlp, premise, hypothesis, "nli")
                reference.cats = {name: float(name == label) for name in PAIRS}
                examples.append(Example(make_pair_doc(nlp, premise, hypothesis, "nli"), reference))
        return examples

    return make


@pytest.fixture
def make_entities() -> Callable[..., list[Example]]:
    """Makes nine texts with their entities."""

    def make(nlp: Language) -> list[Example]:
        return [Example.from_dict(nlp.make_doc(text), {"entities": spans}) for text, spans in ENTITIES]

    return make


@pytest.fixture
def make_ner(tiny_bert: Path) -> Callable[..., Any]:
    """Adds a bert_ner in float32 to a pipeline; settings go to its config."""
    return _maker("bert_ner", tiny_bert)


@pytest.fixture
def make_questions() -> Callable[..., list[Example]]:
    """Makes nine questions on contexts, with their answers; some have none."""

    def make(nlp: Language) -> list[Example]:
        examples = []
        for question, context, answer in QUESTIONS:
            reference = make_pair_doc(nlp, question, context, "qa")
            start = reference.text.rfind(answer) if answer else 0
            span = reference.char_span(start, start + len(answer)) if answer else None
            reference.spans["answers"] = [] if span is None else [span]
            examples.append(Example(make_pair_doc(nlp, question, context, "qa"), reference))
        return examples

    return make


@pytest.fixture
def make_qa(tiny_bert: Path) -> Callable[..., Any]:
    """Adds a bert_qa in float32 to a pipeline; settings go to its config."""

    def make(nlp: Language, **settings: Any) -> Any:
        return _maker("bert_qa", tiny_bert)(nlp, **{"stride": 16, **settings})

    return make


@pytest.fixture
def make_nli(tiny_bert: Path) -> Callable[..., Any]:
    """Adds a bert_nli in float32 to a pipeline; settings go to its config."""
    return _maker("bert_nli", tiny_bert)


@pytest.fixture
def make_textcat(tiny_bert: Path) -> Callable[..., Any]:
    """Adds a bert_textcat in float32 to a pipeline; settings go to its config."""
    return _maker("bert_textcat", tiny_bert)


@pytest.fixture
def train() -> Callable[..., Language]:
    """Overfits a pipeline on examples."""

    def run(nlp: Language, examples: list[Example], *, steps: int = 80, rate: float = 2e-3) -> Language:
        fix_random_seed(0)
        optimizer = nlp.initialize(lambda: examples, sgd=adamw(rate))
        for _ in range(steps):
            nlp.update(examples, sgd=optimizer)
        return nlp

    return run


def _maker(factory: str, encoder_folder: Path) -> Callable[..., Any]:
    def make(nlp: Language, *, encoder: dict[str, Any] | None = None, **settings: Any) -> Any:
        model = {"precision": "float32", "encoder": {"name": str(encoder_folder), "dropout": 0.0, **(encoder or {})}}
        return nlp.add_pipe(factory, config={"model": model, **settings})

    return make
