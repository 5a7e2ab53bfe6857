"""A shared encoder after an error: a device without memory, a step that was interrupted."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from spacy_bertadapt.component.shared.vector_reader import VectorReader
from spacy_bertadapt.errors import InvalidError
from tests.fixtures.annotations import assert_same
from tests.fixtures.shared import TEXT_TASKS, examples_of
from tests.fixtures.shared_learning import assert_close, encoder_of, fails, loop, optimizer, weights
from tests.fixtures.streams import STREAM


def test_prediction_after_a_head_had_no_memory(make_shared):
    nlp = make_shared(vectors="mean")
    wanted = [*map(nlp, STREAM)]
    network = nlp.get_pipe("bert_spancat").network
    network.head = fails(network.head, torch.OutOfMemoryError("out of memory"), at=1)
    with pytest.warns(UserWarning, match="W302"):
        docs = list(nlp.pipe(STREAM))
    del network.head
    assert_same(docs, wanted)
    for doc, other in zip(docs, wanted, strict=True):
        np.testing.assert_allclose(doc.vector, other.vector, atol=1e-5)


def test_vectors_after_they_had_no_memory(make_shared, monkeypatch):
    nlp = make_shared(vectors="mean")
    wanted = [*map(nlp, STREAM)]
    sums = fails(VectorReader._sums_of_tokens, torch.OutOfMemoryError("out of memory"), at=1)
    monkeypatch.setattr(VectorReader, "_sums_of_tokens", sums)
    with pytest.warns(UserWarning, match="W302"):
        docs = list(nlp.pipe(STREAM))
    assert_same(docs, wanted)
    for doc, other in zip(docs, wanted, strict=True):
        np.testing.assert_allclose(doc.vector, other.vector, atol=1e-5)
        np.testing.assert_allclose(doc.tensor, other.tensor, atol=1e-5)


def test_an_interrupted_step_leaves_nothing_for_the_next(make_shared):
    """Of two batches, one has gone backward when the other is interrupted."""
    nlp = make_shared()
    encoder, examples = encoder_of(nlp), examples_of(nlp, *TEXT_TASKS)
    before = weights(encoder.network.module)
    learner = encoder.shim.encoder_learner
    learner.learn = fails(learner.learn, KeyboardInterrupt(), at=2)
    with pytest.raises(KeyboardInterrupt):
        loop(nlp, examples[::2], examples[1::2])
    assert_close(weights(encoder.network.module), before, atol=0)
    assert not learner.count
    assert all(parameter.grad is None for parameter in encoder.network.module.parameters())
    loop(nlp, examples, sgd=optimizer())
    assert any(not torch.equal(before[name], weight) for name, weight in weights(encoder.network.module).items())


@pytest.mark.parametrize(
    "adapt",
    [
        {"@misc": "spacy-bertadapt.HeadOnly.v1"},
        {"@misc": "spacy-bertadapt.TopLayers.v1"},
        {"@misc": "spacy-bertadapt.GradualUnfreezing.v1"},
        {"@misc": "spacy-bertadapt.LoRA.v1"},
        {"@misc": "spacy-bertadapt.FullFineTuning.v1", "gradient_checkpointing": True},
    ],
)
def test_a_head_does_not_adapt_the_encoder(make_shared, adapt):
    with pytest.raises(InvalidError, match=r"E346.*\[components\.bert_encoder\.adapt\]"):
        make_shared("ner", heads={"adapt": adapt})


def test_the_setting_at_fault_is_named(make_shared):
    adapt = {"@misc": "spacy-bertadapt.FullFineTuning.v1", "gradient_checkpointing": True}
    with pytest.raises(InvalidError, match=r"E346.*FullFineTuning\.gradient_checkpointing = true"):
        make_shared("ner", heads={"adapt": adapt})


def test_a_head_learns_at_rates_of_its_own(make_shared):
    nlp = make_shared("ner", heads={"adapt": {"@misc": "spacy-bertadapt.FullFineTuning.v1", "head_factor": 2.0}})
    assert nlp.get_pipe("bert_ner").shim.adaptation.head_factor == 2.0
