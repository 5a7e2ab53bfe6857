"""What learns on a shared encoder, and what does not: frozen components, adaptations, examples without gold."""

from __future__ import annotations

import numpy as np
import pytest
import spacy
import torch

from tests.fixtures.shared import TEXT_TASKS, examples_of
from tests.fixtures.shared_learning import (
    assert_close,
    count_rows,
    encoder_of,
    loop,
    optimizer,
    shared_gradients,
    summed_gradients,
    weights,
)


def all_weights(nlp):
    return {name: weights(pipe.network.module) for name, pipe in nlp.pipeline}


def changed(before, after):
    """Return the names of the components with other weights."""
    return [name for name in before if any(not torch.equal(before[name][k], w) for k, w in after[name].items())]


def test_examples_without_gold_give_no_loss(make_shared):
    nlp = make_shared()
    before = all_weights(nlp)
    losses = loop(nlp, examples_of(nlp, "ner"))
    assert losses["bert_ner"] > 0
    assert losses["bert_textcat"] == losses["bert_spancat"] == losses["bert_encoder"] == 0
    assert changed(before, all_weights(nlp)) == ["bert_encoder", "bert_ner"]
    before = all_weights(nlp)
    bare = [spacy.training.Example(nlp.make_doc("where is it"), nlp.make_doc("where is it"))]
    loop(nlp, bare)
    nlp.update(bare, sgd=optimizer())
    assert changed(before, all_weights(nlp)) == []


@pytest.mark.parametrize("through_loop", [True, False])
def test_a_frozen_encoder_stays_as_it_is(make_shared, through_loop):
    """Heads learn, and one forward pass serves all of them."""
    nlp = make_shared()
    before, rows = all_weights(nlp), count_rows(nlp)
    examples = examples_of(nlp, *TEXT_TASKS)
    if through_loop:
        loop(nlp, examples, exclude=["bert_encoder"])
    else:
        nlp.update(examples, sgd=optimizer(), exclude=["bert_encoder"])
    assert changed(before, all_weights(nlp)) == ["bert_textcat", "bert_ner", "bert_spancat"]
    assert len(rows) == 1


def test_a_frozen_head_teaches_the_encoder_nothing(make_shared, own_twin):
    nlp = make_shared()
    twin = own_twin(nlp)
    examples = examples_of(nlp, *TEXT_TASKS)
    twin.remove_pipe("bert_ner")
    wanted = summed_gradients(twin, examples)
    learner, seen = encoder_of(nlp).shim.encoder_learner, {}
    encoder = encoder_of(nlp).network.module.encoder
    learner.step = lambda *_: seen.update(
        {k: p.grad.clone() for k, p in encoder.named_parameters() if p.grad is not None}
    )
    before = all_weights(nlp)
    loop(nlp, examples, exclude=["bert_ner"])
    assert "bert_ner" not in changed(before, all_weights(nlp))
    assert_close(seen, wanted)


def test_components_that_annotate_in_training(make_shared):
    """Their annotations come before other heads have learned: the step is not made too early."""
    results = []
    for annotates in ([], ["bert_textcat", "bert_ner"], ["bert_encoder", "bert_ner"]):
        nlp = make_shared()
        sgd = optimizer()
        for _ in range(2):
            nlp.update(examples_of(nlp, *TEXT_TASKS), sgd=sgd, annotates=annotates)
        encoder_of(nlp).settle()
        results.append(all_weights(nlp))
    for other in results[1:]:
        for name, kept in results[0].items():
            assert_close(kept, other[name], atol=0)


def test_annotations_of_a_frozen_pipeline_that_annotates(make_shared, monkeypatch):
    """Frozen, encoder and head say what they always do; one pass is for that, and one for the head that learns."""
    nlp = make_shared()
    examples = examples_of(nlp, "ner")
    wanted = [nlp(example.text).cats for example in examples]
    before, rows, seen = all_weights(nlp), count_rows(nlp), []
    head_type = type(nlp.get_pipe("bert_textcat"))
    annotate = head_type.set_annotations

    def see(head, docs, predictions):
        annotate(head, docs, predictions)
        seen.extend(dict(doc.cats) for doc in docs)

    monkeypatch.setattr(head_type, "set_annotations", see)
    loop(nlp, examples, exclude=["bert_encoder", "bert_textcat"], annotates=["bert_encoder", "bert_textcat"])
    assert len(rows) == 2
    assert changed(before, all_weights(nlp)) == ["bert_ner"]
    assert len(seen) == len(wanted)
    for cats, expected in zip(seen, wanted, strict=True):
        assert cats == pytest.approx(expected, abs=1e-5)


HEAD_ONLY = {"@misc": "spacy-bertadapt.HeadOnly.v1"}


@pytest.mark.parametrize(
    "adapt",
    [
        HEAD_ONLY,
        {**HEAD_ONLY, "pooler": True},
        {"@misc": "spacy-bertadapt.FullFineTuning.v1", "rates": {"layer|embeddings": 0.0}},
    ],
)
def test_an_encoder_that_has_nothing_to_learn(make_shared, adapt):
    """Its pooler does not count: it is of the heads' side."""
    nlp = make_shared(adapt=adapt)
    before = all_weights(nlp)
    loop(nlp, examples_of(nlp, *TEXT_TASKS))
    assert changed(before, all_weights(nlp)) == ["bert_textcat", "bert_ner", "bert_spancat"]


def test_a_frozen_encoder_runs_once_for_each_text(make_shared):
    """HeadOnly keeps the hidden states, once for all heads, over the epochs."""
    nlp = make_shared(adapt=HEAD_ONLY)
    rows, examples = count_rows(nlp), examples_of(nlp, *TEXT_TASKS)
    loop(nlp, examples)
    assert sum(rows) == len({example.text for example in examples})
    loop(nlp, examples)
    assert len(rows) == 1


def test_upper_layers_learn(make_shared):
    nlp = make_shared(adapt={"@misc": "spacy-bertadapt.TopLayers.v1", "n": 1})
    gradients = shared_gradients(nlp, examples_of(nlp, *TEXT_TASKS))
    assert {name.split(".")[2] for name in gradients} == {"1"}


def test_layers_thaw(make_shared):
    """At first the heads learn alone."""
    nlp = make_shared(adapt={"@misc": "spacy-bertadapt.GradualUnfreezing.v1", "at": [1, 2]})
    sgd, examples, learning = optimizer(), examples_of(nlp, *TEXT_TASKS), []
    for _ in range(3):
        before = weights(encoder_of(nlp).network.module)
        loop(nlp, examples, sgd=sgd)
        after = weights(encoder_of(nlp).network.module)
        learning.append({name.split(".")[3] for name in before if not torch.equal(before[name], after[name])})
    assert learning == [set(), {"1"}, {"0", "1"}]


def test_lora(make_shared, tmp_path):
    nlp = make_shared(adapt={"@misc": "spacy-bertadapt.LoRA.v1", "r": 2})
    before = weights(encoder_of(nlp).network.module)
    for _ in range(2):
        loop(nlp, examples_of(nlp, *TEXT_TASKS))
    after = weights(encoder_of(nlp).network.module)
    assert all(".lora_" in name for name in after.keys() - before.keys() if "base_layer" not in name)
    text = "Ada Lovelace lived in London"
    cats = nlp(text).cats
    nlp.to_disk(tmp_path)
    assert spacy.load(tmp_path)(text).cats == pytest.approx(cats, abs=1e-5)
    nlp.replace_listeners("bert_encoder", "bert_textcat", ["model.encoder"])
    assert nlp(text).cats == pytest.approx(cats, abs=1e-5)
    encoder_of(nlp).merge_adapter()
    np.testing.assert_allclose([*nlp(text).cats.values()], [*cats.values()], atol=1e-5)


def test_after_an_error_nothing_is_left_of_the_gradients(make_shared, monkeypatch):
    nlp = make_shared()
    before = all_weights(nlp)
    examples = examples_of(nlp, *TEXT_TASKS)
    monkeypatch.setattr(type(nlp.get_pipe("bert_ner")), "loss", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        nlp.update(examples, sgd=False)
    monkeypatch.undo()
    for _, pipe in nlp.pipeline:
        pipe.finish_update(optimizer())
    assert changed(before, all_weights(nlp)) == []


def test_an_unknown_label_is_reported_by_its_head(make_shared):
    nlp = make_shared()
    examples = examples_of(nlp, *TEXT_TASKS)
    examples[0].reference.cats["unheard"] = 1.0
    with pytest.raises(ValueError, match=r"E303.*bert_textcat.*unheard"):
        loop(nlp, examples)
