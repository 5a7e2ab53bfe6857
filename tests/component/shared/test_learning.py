"""One encoder learns from several heads: its step is the gradient of the sum of their mean losses."""

from __future__ import annotations

import pytest
import spacy
import torch
from spacy.training import Example

from spacy_bertadapt.errors import InvalidError
from spacy_bertadapt.network.random_numbers import random_state_of
from tests.fixtures.shared import ALL_TASKS, SHARED, TEXT_TASKS, examples_of
from tests.fixtures.shared_learning import (
    assert_close,
    encoder_of,
    encoder_part,
    encoder_weights,
    has_changed,
    loop,
    optimizer,
    shared_gradients,
    summed_gradients,
    weights,
)


@pytest.mark.parametrize("task", [*TEXT_TASKS, "nli", "qa"])
def test_one_head_learns_as_with_its_own_encoder(make_shared, own_twin, task):
    nlp = make_shared(task)
    twin = own_twin(nlp, task)
    batch = examples_of(nlp, task)
    losses = loop(nlp, batch)
    own_losses: dict = {}
    twin.update(batch, sgd=optimizer(), losses=own_losses)
    ((name, pipe),) = twin.pipeline
    assert losses[name] == pytest.approx(own_losses[name], abs=1e-6)
    assert_close(encoder_part(encoder_of(nlp).network.module), encoder_part(pipe.network.module))
    own = pipe.network.module.state_dict()
    for key, weight in nlp.get_pipe(name).network.module.state_dict().items():
        torch.testing.assert_close(weight, own[key], atol=1e-6, rtol=0)


@pytest.mark.parametrize("parts", [1, 2, 3])
def test_gradient_is_that_of_the_sum_of_mean_losses(make_shared, own_twin, parts):
    """However a batch is cut by `accumulate_gradient`, though each part has other numbers of texts and tokens."""
    nlp = make_shared()
    twin = own_twin(nlp)
    examples = examples_of(nlp, *TEXT_TASKS)[::2]
    batches = [examples[part::parts] for part in range(parts)]
    wanted = summed_gradients(twin, *batches)
    assert wanted
    found = shared_gradients(nlp, *batches)
    assert_close(found, wanted, atol=1e-6)
    assert max(gradient.abs().max() for gradient in wanted.values()) > 1e-3


@pytest.mark.parametrize("task", ["ner", "spancat"])
def test_examples_in_which_a_head_finds_nothing_do_not_spoil_the_step(make_shared, own_twin, task):
    """They are annotated, but have no token, or no candidate, that a loss could count."""
    nlp = make_shared("textcat", task)
    examples = examples_of(nlp, "textcat")
    wanted = summed_gradients(own_twin(nlp, "textcat"), examples)
    blank = Example(nlp.make_doc("   "), nlp.make_doc("   "))
    blank.reference.ents = []
    blank.reference.spans["sc"] = []
    assert nlp.get_pipe(f"bert_{task}").is_annotated(blank)
    assert_close(shared_gradients(nlp, [*examples, blank]), wanted)


def test_gradient_is_the_same_in_slices(make_shared):
    """A batch that is larger than the budget goes through in slices, and all but the last of them twice."""
    found = []
    for limit in (None, 24):
        nlp = make_shared(max_batch_subwords=limit)
        network, calls = encoder_of(nlp).network, []
        encode = network.encoder
        network.encoder = lambda batch, calls=calls, encode=encode: calls.append(len(batch.padded)) or encode(batch)
        found.append((shared_gradients(nlp, examples_of(nlp, *TEXT_TASKS)), calls))
    assert len(found[0][1]) == 1
    assert len(found[1][1]) > 4
    assert sum(found[1][1]) < 2 * sum(found[0][1])
    assert_close(found[0][0], found[1][0], atol=1e-5)


def test_dropout_is_the_same_when_a_slice_goes_forward_again(make_shared):
    nlp = make_shared("ner", max_batch_subwords=24, encoder={"dropout": 0.4})
    encoder = encoder_of(nlp)
    nlp.update(examples_of(nlp, "ner"), sgd=False)
    (batch,) = encoder.shim.joint._batches
    assert len(batch._slices) > 2
    first = batch._slices[0]
    assert first.states is None
    assert batch._slices[-1].states is not None
    with random_state_of(first.random, encoder.network.device):
        again = batch._states(first.windows)
    assert not torch.equal(again, batch._states(first.windows))
    for row, start, length in zip(again, first.starts, first.windows.lengths, strict=True):
        torch.testing.assert_close(row[:length], batch._flat[start : start + length], atol=1e-6, rtol=0)


def test_update_with_an_optimizer_steps_like_the_loop(make_shared):
    """The step is due until something else is learned, predicted or saved."""
    one, other = make_shared(), make_shared()
    sgd, other_sgd = optimizer(), optimizer()
    for _ in range(3):
        loop(one, examples_of(one, *TEXT_TASKS), sgd=sgd)
        before = weights(encoder_of(other).network.module)
        other.update(examples_of(other, *TEXT_TASKS), sgd=other_sgd)
        sgd.step_schedules()
        other_sgd.learn_rate *= 7.0
        other("anything else")
        other_sgd.learn_rate = sgd.learn_rate
        assert any(not torch.equal(before[k], w) for k, w in encoder_of(other).network.module.state_dict().items())
    for name in one.pipe_names:
        assert_close(weights(one.get_pipe(name).network.module), weights(other.get_pipe(name).network.module))


def test_texts_and_pairs_teach_one_encoder(make_shared, own_twin):
    nlp = make_shared(*ALL_TASKS)
    twin = own_twin(nlp, *ALL_TASKS)
    batches = [examples_of(nlp, *TEXT_TASKS)[::2], examples_of(nlp, "nli", "qa")[::2]]
    assert_close(shared_gradients(nlp, *batches), summed_gradients(twin, *batches))


def test_a_head_teaches_the_encoder_as_much_as_its_factor_says(make_shared, own_twin, tmp_path):
    nlp = make_shared("ner")
    config = {"model": {"precision": "float32", "encoder": {**SHARED, "grad_factor": 3.0}}}
    nlp.add_pipe("bert_textcat", config=config).initialize(lambda: examples_of(nlp, "textcat"), nlp=nlp)
    nlp.to_disk(tmp_path)
    nlp = spacy.load(tmp_path)
    batch = examples_of(nlp, "ner", "textcat")
    wanted = summed_gradients(own_twin(nlp, "ner"), batch)
    for name, gradient in summed_gradients(own_twin(nlp, "textcat"), batch).items():
        wanted[name] = wanted.get(name, 0) + 3.0 * gradient
    assert_close(shared_gradients(nlp, batch), wanted, atol=3e-6)


def test_no_head_is_drowned_by_the_others(make_shared):
    """Losses of other kinds are about as large: a mean over candidate spans would be a hundredth of one over tokens."""
    nlp = make_shared()
    sizes = {}
    for task in TEXT_TASKS:
        gradient = shared_gradients(nlp, examples_of(nlp, task))
        sizes[task] = torch.stack([weight.norm() for weight in gradient.values()]).norm().item()
    assert max(sizes.values()) < 20 * min(sizes.values()), sizes


def test_factors_below_zero_are_refused(make_shared):
    nlp = make_shared("ner")
    with pytest.raises(InvalidError, match=r"E308.*grad_factor.*-1"):
        nlp.add_pipe("bert_textcat", config={"model": {"encoder": {**SHARED, "grad_factor": -1.0}}})


@pytest.mark.parametrize("batches", [1, 2])
def test_slices_go_forward_again_under_gradient_checkpointing(make_shared, batches):
    """In training mode, with the dropout of the first time: torch checks that the same tensors are computed."""
    adapt = {"@misc": "spacy-bertadapt.FullFineTuning.v1", "gradient_checkpointing": True}
    nlp = make_shared("textcat", encoder={"dropout": 0.1}, adapt=adapt, max_batch_subwords=24)
    examples, before = examples_of(nlp, "textcat"), encoder_weights(nlp)
    loop(nlp, *(examples[part::batches] for part in range(batches)))
    assert has_changed(before, encoder_weights(nlp))
    assert not encoder_of(nlp).network.module.training
