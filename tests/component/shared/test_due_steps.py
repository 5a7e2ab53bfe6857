"""The encoder's step that is due: made once, not too early, not after an error; and what is kept until then."""

from __future__ import annotations

import gc
import weakref
from concurrent.futures import ThreadPoolExecutor
from time import sleep

import pytest
import torch

from tests.fixtures.shared import TEXT_TASKS, examples_of
from tests.fixtures.shared_learning import (
    assert_close,
    count_rows,
    encoder_of,
    encoder_weights,
    loop,
    optimizer,
    shared_gradients,
    summed_gradients,
    weights,
)

TEXT = "my parcel never arrived"
LORA = {"@misc": "spacy-bertadapt.LoRA.v1", "r": 2}


def all_weights(nlp):
    return {name: weights(nlp.get_pipe(name).network.module) for name in nlp.pipe_names if name != "bert_zeroshot"}


def test_threads_make_the_step_once(make_shared):
    nlp = make_shared()
    nlp.update(examples_of(nlp, *TEXT_TASKS), sgd=optimizer())
    learner, steps = encoder_of(nlp).shim.encoder_learner, []
    step = learner.step
    learner.step = lambda *args: (steps.append(args), sleep(0.3), step(*args))
    with ThreadPoolExecutor(4) as pool:
        docs = list(pool.map(nlp, [TEXT] * 4))
    assert len(steps) == 1
    for doc in docs:
        assert doc.cats == pytest.approx(nlp(TEXT).cats, abs=1e-6)


def test_an_error_of_the_step_is_that_of_one_call(make_shared):
    nlp = make_shared()
    before = encoder_weights(nlp)
    nlp.update(examples_of(nlp, *TEXT_TASKS), sgd=optimizer())
    learner = encoder_of(nlp).shim.encoder_learner

    def fails(*_):
        raise ArithmeticError("no step")

    learner.step = fails
    with pytest.raises(ArithmeticError):
        nlp(TEXT)
    del learner.step
    assert nlp(TEXT).cats
    assert_close(encoder_weights(nlp), before, atol=0)
    nlp.update(examples_of(nlp, *TEXT_TASKS), sgd=optimizer())
    assert nlp(TEXT).cats
    assert any(not torch.equal(before[name], weight) for name, weight in encoder_weights(nlp).items())


@pytest.mark.filterwarnings("ignore:.*W310")  # texts are left to the components of texts
@pytest.mark.parametrize(("task", "annotates"), [("qa", "bert_qa"), ("nli", "bert_zeroshot")])
def test_texts_of_its_own_that_a_component_reads_in_training(make_shared, task, annotates):
    """It asks questions, or compares hypotheses, before the last head has learned."""
    results = []
    for names in ([], [annotates]):
        nlp = make_shared(task, "textcat")
        examples = examples_of(nlp, task, "textcat")
        nlp.add_pipe("bert_zeroshot", before="bert_textcat", config={"nli": "bert_nli", "labels": ["a", "b"]})
        if task == "qa":
            nlp.remove_pipe("bert_zeroshot")
            nlp.get_pipe("bert_qa").questions = ["what arrived ?", "who ?"]
        sgd = optimizer()
        for _ in range(2):
            nlp.update(examples, sgd=sgd, annotates=names)
        encoder_of(nlp).settle()
        results.append(all_weights(nlp))
    for name, kept in results[0].items():
        assert_close(kept, results[1][name], atol=0)


def test_the_step_is_made_before_the_adapter_is_merged(make_shared):
    results = []
    for settles in (False, True):
        nlp = make_shared("textcat", adapt=LORA)
        for _ in range(2):
            nlp.update(examples_of(nlp, "textcat"), sgd=optimizer())
        if settles:
            encoder_of(nlp).settle()
        encoder_of(nlp).merge_adapter()
        results.append(encoder_weights(nlp))
    assert_close(*results, atol=0)
    before = encoder_weights(nlp)
    nlp(TEXT)
    assert_close(encoder_weights(nlp), before, atol=0)


def test_what_was_added_up_is_dropped_with_the_adapter(make_shared):
    """The gradients are those of matrices that are gone."""
    nlp = make_shared("textcat", adapt=LORA)
    nlp.update(examples_of(nlp, "textcat"), sgd=False)
    encoder_of(nlp).merge_adapter()
    before = encoder_weights(nlp)
    encoder_of(nlp).finish_update(optimizer())
    assert not encoder_of(nlp).shim.joint._last
    nlp(TEXT)
    assert_close(encoder_weights(nlp), before, atol=0)


def test_a_head_on_a_frozen_encoder_learns_from_the_gold_of_now(make_shared):
    nlp = make_shared("textcat")
    head, examples = nlp.get_pipe("bert_textcat"), examples_of(nlp, "textcat")
    golds = [example.reference.cats for example in examples]
    for example in examples[1:]:
        example.reference.cats = {}
    first = head.update(examples)["bert_textcat"]
    for example, gold in zip(examples, golds, strict=True):
        example.reference.cats = gold
    again = head.update(examples)["bert_textcat"]
    assert again != pytest.approx(first, abs=1e-4)
    assert again == pytest.approx(head.update(list(map(copy_of, examples)))["bert_textcat"], abs=1e-6)


def copy_of(example):
    return type(example)(example.predicted.copy(), example.reference.copy())


def test_states_of_a_frozen_encoder_are_not_kept(make_shared):
    nlp = make_shared()
    nlp.update(examples_of(nlp, *TEXT_TASKS), sgd=optimizer(), exclude=["bert_encoder"])
    (batch,) = encoder_of(nlp).shim.joint._last
    states, _ = weakref.ref(batch._flat), batch
    del batch, _
    nlp(TEXT)
    gc.collect()
    assert states() is None


def test_states_of_accumulated_batches_are_not_kept(make_shared):
    """Their gradients are: the parts of a batch teach as the whole does."""
    nlp, examples = make_shared(), []
    states = []
    for part in range(3):
        examples = examples_of(nlp, *TEXT_TASKS)[part::3]
        nlp.update(examples, sgd=False)
        *earlier, last = encoder_of(nlp).shim.joint._batches
        assert len(earlier) == part
        states.append(weakref.ref(last._flat))
        del earlier, last
        gc.collect()
        assert [state() is None for state in states] == [True] * part + [False]


def test_heads_that_do_not_learn_cost_no_pass(make_shared):
    """From the second batch on: at the first one nobody knows which will come."""
    nlp = make_shared()
    examples, rows = examples_of(nlp, *TEXT_TASKS), count_rows(nlp)
    wanted = {example.text for example in examples_of(nlp, "textcat", "spancat")}
    for _ in range(2):
        loop(nlp, examples, exclude=["bert_ner"])
    assert rows[0] == len({example.text for example in examples}) > len(wanted)
    assert rows[1:] == [len(wanted)]
    loop(nlp, examples, exclude=["bert_encoder", "bert_ner"])
    assert rows[2:] == [len(wanted)]


def test_heads_that_come_late_teach_as_the_others(make_shared, own_twin):
    nlp = make_shared()
    twin, examples = own_twin(nlp), examples_of(nlp, *TEXT_TASKS)
    nlp.update(examples, sgd=False, exclude=["bert_ner", "bert_spancat"])
    encoder_of(nlp).forget()
    rows = count_rows(nlp)
    assert_close(shared_gradients(nlp, examples), summed_gradients(twin, examples), atol=1e-6)
    assert len(rows) == 2 + 2 + 1, "textcat's, ner's and spancat's, and all but the last of them again"


@pytest.mark.parametrize("name", ["bert_encoder", "bert_textcat"])
@pytest.mark.parametrize("use", [lambda nlp, _: nlp(TEXT), lambda nlp, name: nlp.get_pipe(name).to_bytes()])
def test_steps_that_were_skipped_are_reported(make_shared, name, use):
    """Where counters are read every few steps, as on a GPU: at the latest when a component predicts, or is saved."""
    nlp = make_shared("textcat")
    health = nlp.get_pipe(name).shim.learner._health
    health._interval = 16
    health.record(torch.tensor(1.0))
    with pytest.warns(UserWarning, match="W301"):
        use(nlp, name)
