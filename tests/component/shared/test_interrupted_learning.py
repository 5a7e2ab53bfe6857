"""Where learning is interrupted, by an error or by another use of the pipeline: no Doc and no gradient is lost."""

from __future__ import annotations

import pytest
import torch

from spacy_bertadapt.network.process_forks import ForkGuard
from tests.fixtures.shared import SHARED, TEXT_TASKS, add_heads, examples_of
from tests.fixtures.shared_learning import (
    assert_close,
    encoder_of,
    encoder_weights,
    fails,
    has_changed,
    loop,
    optimizer,
)

TEXT = "my parcel never arrived"


def test_a_step_that_fails_loses_no_doc(make_shared):
    """It is no error of a Doc, which a lenient handler would drop."""
    nlp = make_shared()
    nlp.update(examples_of(nlp, *TEXT_TASKS), sgd=optimizer())
    nlp.set_error_handler(lambda *_: None)
    learner = encoder_of(nlp).shim.encoder_learner
    learner.step = fails(learner.step, ArithmeticError("no step"), at=1)
    with pytest.raises(ArithmeticError):
        list(nlp.pipe([TEXT]))
    (doc,) = nlp.pipe([TEXT])
    assert doc.cats


def fork():
    """Do in this process what a fork does to it."""
    ForkGuard.before()
    ForkGuard.after_in_parent()


def test_the_step_is_made_before_a_fork(make_shared):
    """Each forked worker would make it again."""
    nlp = make_shared()
    nlp.update(examples_of(nlp, *TEXT_TASKS), sgd=optimizer())
    before = encoder_weights(nlp)
    fork()
    after = encoder_weights(nlp)
    assert has_changed(before, after)
    nlp(TEXT)
    assert_close(encoder_weights(nlp), after, atol=0)


def test_a_fork_in_the_middle_of_an_update_takes_nothing_from_heads_that_come_later(make_shared):
    results = []
    for forks in (False, True):
        nlp = make_shared()
        examples = examples_of(nlp, *TEXT_TASKS)
        for _, pipe in nlp.pipeline:
            pipe.update(examples, sgd=optimizer())
            if forks and pipe.name != "bert_spancat":
                fork()
        encoder_of(nlp).settle()
        results.append(encoder_weights(nlp))
    assert_close(*results, atol=0)


def test_a_fork_while_a_head_learns_takes_nothing_from_it(make_shared, monkeypatch):
    """As of a pool of processes that another thread has."""
    nlp = make_shared("textcat")
    kind = type(nlp.get_pipe("bert_textcat"))
    loss, before = kind.loss, encoder_weights(nlp)
    monkeypatch.setattr(kind, "loss", lambda *args: (fork(), loss(*args))[1])
    nlp.update(examples_of(nlp, "textcat"), sgd=optimizer())
    encoder_of(nlp).settle()
    assert has_changed(before, encoder_weights(nlp))


@pytest.mark.parametrize("budget", [24, None])
@pytest.mark.parametrize("block", [torch.no_grad, torch.inference_mode])
def test_the_step_is_made_where_gradients_are_off(make_shared, block, budget):
    nlp, twin = make_shared(max_batch_subwords=budget), make_shared(max_batch_subwords=budget)
    for pipeline in (nlp, twin):
        pipeline.update(examples_of(pipeline, *TEXT_TASKS), sgd=optimizer())
    twin(TEXT)
    with block():
        nlp(TEXT)
    assert_close(encoder_weights(nlp), encoder_weights(twin), atol=0)


@pytest.mark.parametrize("frozen", [(), ("bert_ner",)])
def test_docs_that_were_learned_from_are_predicted_with_the_weights_of_after(make_shared, frozen):
    """Once the heads have learned that learned from the batch before, the step waits for none."""
    nlp = make_shared()
    examples, sgd = examples_of(nlp, *TEXT_TASKS), optimizer()
    learning = [pipe for name, pipe in nlp.pipeline if name not in frozen]
    for _ in range(2):
        for pipe in learning:
            pipe.update(examples, sgd=sgd)
    before = encoder_weights(nlp)
    encoder_of(nlp).predict([example.predicted for example in examples])
    assert has_changed(before, encoder_weights(nlp))


def to_cpu(encoder):
    encoder.model.to_cpu()


@pytest.mark.parametrize("use", [to_cpu, lambda encoder: encoder.model.to_bytes()])
def test_the_step_is_made_before_the_encoder_is_moved_or_packed(make_shared, use):
    results = []
    for settles in (False, True):
        nlp = make_shared("textcat")
        nlp.update(examples_of(nlp, "textcat"), sgd=optimizer())
        if settles:
            encoder_of(nlp).settle()
        use(encoder_of(nlp))
        results.append(encoder_weights(nlp))
    assert_close(*results, atol=0)


def test_a_new_head_is_made_for_an_encoder_that_has_learned(make_shared):
    """The checkpoint's own head does not fit it any more, even if the first step is only due."""
    nlp = make_shared("textcat")
    nlp.update(examples_of(nlp, "textcat"), sgd=optimizer())
    before = encoder_weights(nlp)
    add_heads(nlp, ("ner",), SHARED)
    head = nlp.get_pipe("bert_ner")
    head.initialize(lambda: examples_of(nlp, "ner"), nlp=nlp)
    assert has_changed(before, encoder_weights(nlp))


def test_a_batch_that_fails_halfway_leaves_what_it_had(make_shared):
    """Of its slices, the second one fails; a head that comes to the batch then has all of them computed."""
    nlp = make_shared("textcat", max_batch_subwords=24)
    encoder, head, examples = encoder_of(nlp), nlp.get_pipe("bert_textcat"), examples_of(nlp, "textcat")
    wanted = head.update(examples)["bert_textcat"]
    head.shim.forget()
    network = encoder.network
    encode = network.encoder
    network.encoder = fails(encode, ArithmeticError("no states"), at=2)
    with pytest.raises(ArithmeticError):
        encoder.update(examples)
    network.encoder = encode
    assert head.update(examples)["bert_textcat"] == pytest.approx(wanted, abs=1e-5)
    head.finish_update(optimizer())


def test_a_frozen_head_that_can_not_read_the_examples_does_not_matter(make_shared, monkeypatch):
    """As with a suggester that raises an error of its own: nobody knows yet that the head is frozen."""
    nlp = make_shared()
    monkeypatch.setattr(type(nlp.get_pipe("bert_spancat")), "lesson", lambda *_: 1 / 0)
    assert loop(nlp, examples_of(nlp, *TEXT_TASKS), exclude=["bert_spancat"])["bert_ner"] > 0
    with pytest.raises(ZeroDivisionError):
        loop(nlp, examples_of(nlp, *TEXT_TASKS))
