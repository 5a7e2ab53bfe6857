"""What is learned together: the gradient that goes upstream, and what stays as it is where nothing goes there."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import spacy
import torch
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from spacy.util import registry
from thinc.api import Model

from spacy_bertadapt.tasks import get_task
from spacy_bertadapt.training.optimizer import adamw
from tests.fixtures.components import samples_of
from tests.fixtures.listening import CNN, listening

WIDTH = 4


class FixedVectors:
    """Gives each Doc the same vectors at every call, and keeps the gradients that it gets."""

    def __init__(self) -> None:
        self.gradients: list[np.ndarray] = []
        self.calls = 0

    def model(self) -> Model[Any, Any]:
        return Model("fixed", self._forward)

    def vectors(self, docs: list[Doc]) -> list[np.ndarray]:
        return [np.random.default_rng(len(doc.text)).normal(size=(len(doc), WIDTH)).astype("f") for doc in docs]

    def _forward(self, model: Model[Any, Any], docs: list[Doc], is_train: bool) -> tuple[list[np.ndarray], Any]:
        self.calls += is_train
        return self.vectors(docs), self._backprop

    def _backprop(self, gradients: list[np.ndarray]) -> list[Doc]:
        self.gradients = gradients
        return []


@pytest.fixture
def fixed() -> FixedVectors:
    fixed = FixedVectors()
    registry.architectures.register("test.FixedVectors.v1", func=fixed.model)
    return fixed


def add_to(nlp: Language, task: str = "textcat", **settings: Any) -> Any:
    config = {"model": listening({"@architectures": "test.FixedVectors.v1"}), **samples_of(task).SETTINGS, **settings}
    return nlp.add_pipe(get_task(task).factory, config=config)


@pytest.mark.parametrize("budget", [None, 4])
def test_gradient_is_that_of_the_mean_loss(nlp: Language, fixed: FixedVectors, budget: int | None) -> None:
    """Of all the batch, in one slice or in many."""
    pipe = add_to(nlp, max_batch_subwords=budget)
    examples = samples_of("textcat").make_examples(nlp)
    nlp.initialize(lambda: examples)
    pipe.update(examples)
    head = pipe.network.module.head
    vectors = [torch.from_numpy(array).requires_grad_() for array in fixed.vectors([eg.predicted for eg in examples])]
    losses = []
    for example, rows in zip(examples, vectors, strict=True):
        states = torch.cat([torch.zeros(1, WIDTH), rows])[None]
        label = max(example.reference.cats, key=example.reference.cats.__getitem__)
        losses.append(torch.nn.functional.cross_entropy(head(states, None), torch.tensor([pipe.labels.index(label)])))
    torch.stack(losses).mean().backward()
    for gradient, rows in zip(fixed.gradients, vectors, strict=True):
        np.testing.assert_allclose(gradient, rows.grad, atol=1e-6)
        assert np.abs(gradient).max() > 1e-4


def test_each_copy_of_an_example_gets_its_gradient(nlp: Language, fixed: FixedVectors) -> None:
    """A reader that draws examples may put the same one into a batch twice."""
    pipe = add_to(nlp)
    examples = samples_of("textcat").make_examples(nlp)
    nlp.initialize(lambda: examples)
    pipe.update([examples[0], examples[1], examples[0]])
    first, between, again = fixed.gradients
    np.testing.assert_allclose(again, first, atol=1e-7)
    assert min(np.abs(first).max(), np.abs(between).max()) > 1e-4


def test_batch_without_gold_gives_zeros(nlp: Language, fixed: FixedVectors) -> None:
    """Other listeners' gradients wait for the last one: it has to answer."""
    pipe = add_to(nlp)
    nlp.initialize(lambda: samples_of("textcat").make_examples(nlp))
    losses = pipe.update([Example.from_dict(nlp.make_doc("two words"), {})])
    assert losses == {"bert_textcat": 0.0}
    (gradient,) = fixed.gradients
    assert gradient.shape == (2, WIDTH)
    assert not gradient.any()


@pytest.mark.parametrize("text", ["", " "])
def test_empty_text_beside_others(nlp: Language, fixed: FixedVectors, text: str) -> None:
    pipe = add_to(nlp)
    examples = samples_of("textcat").make_examples(nlp)
    nlp.initialize(lambda: examples)
    pipe.update([Example.from_dict(nlp.make_doc(text), {"cats": examples[0].reference.cats}), examples[0]])
    assert [len(gradient) for gradient in fixed.gradients] == [len(nlp.make_doc(text)), len(examples[0].predicted)]
    assert all(np.isfinite(gradient).all() for gradient in fixed.gradients)


def test_nothing_is_computed_for_no_tokens(nlp: Language, fixed: FixedVectors) -> None:
    pipe = add_to(nlp)
    examples = samples_of("textcat").make_examples(nlp)
    nlp.initialize(lambda: examples)
    pipe.update([Example.from_dict(nlp.make_doc(""), {"cats": examples[0].reference.cats})])
    assert fixed.calls == 0


def test_gold_of_other_tokens_is_found_by_characters(nlp: Language, fixed: FixedVectors) -> None:
    """Vectors are those of the predicted Doc, whose tokens may not be the reference's."""
    pipe = add_to(nlp, "ner")
    nlp.initialize(lambda: samples_of("ner").make_examples(nlp))
    reference = Doc(nlp.vocab, words=["Ada", "-", "Lovelace", "lived"], spaces=[False, False, True, False])
    reference.set_ents([reference.char_span(0, 12, label="PERSON")])
    predicted = Doc(nlp.vocab, words=["Ada-Lovelace", "lived"], spaces=[True, False])
    pipe.update([Example(predicted, reference)])
    assert [gradient.shape for gradient in fixed.gradients] == [(2, WIDTH)]
    assert all(row.any() for row in fixed.gradients[0])


def pipeline_of_two() -> tuple[Language, list[Example]]:
    """Return a CNN with spaCy's ner and our textcat on it, initialized, and examples of both."""
    nlp = spacy.blank("en")
    nlp.add_pipe("tok2vec", config={"model": CNN})
    nlp.add_pipe("ner", config={"model": {"tok2vec": listening()["encoder"]["tok2vec"]}})
    nlp.add_pipe("bert_textcat", config={"model": listening()})
    examples = [
        Example.from_dict(
            example.predicted,
            {"cats": {"a": float(number % 2), "b": 1.0 - number % 2}, "entities": [(0, len(example.text), "X")]},
        )
        for number, example in enumerate(samples_of("textcat").make_examples(nlp))
    ]
    nlp.initialize(lambda: examples)
    return nlp, examples


def test_frozen_components_stay_to_the_bit() -> None:
    nlp, examples = pipeline_of_two()
    before = {name: nlp.get_pipe(name).to_bytes(exclude=["vocab"]) for name in nlp.pipe_names}
    optimizer, frozen = adamw(3e-3), ["tok2vec", "ner"]
    for _ in range(3):
        nlp.update(examples, sgd=optimizer, exclude=frozen, annotates=["tok2vec"])
    after = {name: nlp.get_pipe(name).to_bytes(exclude=["vocab"]) for name in nlp.pipe_names}
    assert [name for name in before if before[name] != after[name]] == ["bert_textcat"]


def test_upstream_learns_from_all_that_listen() -> None:
    nlp, examples = pipeline_of_two()
    before = {name: nlp.get_pipe(name).to_bytes(exclude=["vocab"]) for name in nlp.pipe_names}
    optimizer, losses = adamw(3e-3), {}
    for _ in range(2):
        nlp.update(examples, sgd=optimizer, losses=losses)
    assert losses["tok2vec"] > 0
    assert all(nlp.get_pipe(name).to_bytes(exclude=["vocab"]) != before[name] for name in before)
