"""A loss is a sum and a count, divided once: any way of cutting a batch gives the same step."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence

import pytest
import spacy
import torch
from spacy.language import Language

from spacy_bertadapt.component.thinc_model import NetworkModel, shim_of
from spacy_bertadapt.learning.adaptation import FullFineTuning
from spacy_bertadapt.learning.learner import Learner, Loss
from spacy_bertadapt.network.network import Network
from spacy_bertadapt.training.optimizer import adamw
from spacy_bertadapt.types import PaddedBatch

MakeLearner = Callable[..., Learner]
LABELS = torch.tensor([0, 1, 2, 0, 1, 2, 2, 1, 0])


@pytest.fixture
def make_learner(make_model: Callable[..., NetworkModel]) -> MakeLearner:
    """Makes what teaches a small classifier; all of them start with the same weights."""

    def make(dtype: torch.dtype | None = None) -> Learner:
        network = shim_of(make_model()).network
        network.dtype = dtype
        return Learner(network, FullFineTuning())

    return make


@pytest.fixture
def batch(make_batch: Callable[..., PaddedBatch]) -> PaddedBatch:
    """Nine rows of different lengths."""
    return make_batch(9, 3, 6, 7, 9, 2, 5, 8, 4)


def some_rows(batch: PaddedBatch, rows: slice) -> PaddedBatch:
    mask = None if batch.mask is None else batch.mask[rows]
    return PaddedBatch(batch.input_ids[rows], mask, None)


def loss_of(network: Network, batch: PaddedBatch, rows: slice = slice(None)) -> Loss:
    """Return the cross-entropy of some rows, summed."""
    logits = network(some_rows(batch, rows))
    return Loss(torch.nn.functional.cross_entropy(logits, LABELS[rows], reduction="sum"), len(logits))


def learn(learner: Learner, batch: PaddedBatch, borders: Sequence[int] = ()) -> Loss:
    """Add up gradients part by part; borders: where a part ends and the next one starts."""
    losses = [
        learner.learn(lambda rows=slice(first, last): loss_of(learner.network, batch, rows))
        for first, last in zip((0, *borders), (*borders, None), strict=True)
    ]
    return Loss(torch.stack([loss.total for loss in losses]).sum(), sum(loss.count for loss in losses))


def assert_same_weights(learner: Learner, other: Learner, tolerance: float) -> None:
    others = dict(other.network.module.named_parameters())
    for name, parameter in learner.network.module.named_parameters():
        torch.testing.assert_close(parameter, others[name], rtol=0, atol=tolerance, msg=lambda m, n=name: f"{n}: {m}")


@pytest.mark.parametrize("borders", [(4, 7), (8,), (1,), tuple(range(1, 9))])
def test_unequal_parts_are_one_batch(make_learner: MakeLearner, batch: PaddedBatch, borders: tuple[int, ...]) -> None:
    whole, cut = make_learner(), make_learner()
    optimizers = [adamw(1e-2, eps=1e-3), adamw(1e-2, eps=1e-3)]
    for _ in range(3):
        expected, added_up = learn(whole, batch), learn(cut, batch, borders)
        assert added_up.count == expected.count == 9
        assert float(added_up.total) == pytest.approx(float(expected.total), rel=1e-5)
        for learner, optimizer in zip((whole, cut), optimizers, strict=True):
            learner.step(optimizer)
    assert_same_weights(whole, cut, 1e-6)


def test_a_mean_of_means_is_another_step(make_learner: MakeLearner, batch: PaddedBatch) -> None:
    """So the test above can tell the two apart."""
    whole, means = make_learner(), make_learner()
    learn(whole, batch)
    for rows in (slice(8), slice(8, None)):
        loss = loss_of(means.network, batch, rows)
        means.learn(lambda loss=loss: Loss(loss.total / loss.count, 1))
    for learner in (whole, means):
        learner.step(adamw(1e-2, eps=1e-3))
    with pytest.raises(AssertionError):
        assert_same_weights(whole, means, 1e-5)


def test_a_step_is_that_of_the_mean(make_learner: MakeLearner, batch: PaddedBatch) -> None:
    learner = make_learner()
    twin = copy.deepcopy(learner.network.module)
    loss = torch.nn.functional.cross_entropy(
        twin(torch.from_numpy(batch.input_ids), torch.from_numpy(batch.mask).long()).logits, LABELS
    )
    loss.backward()
    learn(learner, batch, (4, 7))
    for parameter, reference in zip(learner.network.module.parameters(), twin.parameters(), strict=True):
        torch.testing.assert_close(parameter.grad, reference.grad * 9, rtol=0, atol=1e-5)


def test_a_learned_loss_holds_no_graph(make_learner: MakeLearner, batch: PaddedBatch) -> None:
    learner = make_learner()
    assert learn(learner, batch).total.grad_fn is None
    assert not learner.network.module.training


def test_forgotten_gradients_leave_no_count(make_learner: MakeLearner, batch: PaddedBatch) -> None:
    learner, other = make_learner(), make_learner()
    learn(learner, batch, (3,))
    learner.forget()
    for one in (learner, other):
        one.learn(lambda network=one.network: loss_of(network, batch, slice(2)))
        one.step(adamw(1e-2, eps=1e-3))
    assert_same_weights(learner, other, 0)


def test_a_step_without_gradients_is_none(make_learner: MakeLearner, batch: PaddedBatch) -> None:
    learner = make_learner()
    before = copy.deepcopy(learner.network.module)
    learner.step(adamw(1e-2))
    assert learner.steps == 0
    for parameter, reference in zip(learner.network.module.parameters(), before.parameters(), strict=True):
        assert torch.equal(parameter, reference)


def test_learning_goes_on_from_moments_bit_for_bit(make_learner: MakeLearner, batch: PaddedBatch) -> None:
    learner, optimizer = make_learner(), adamw(1e-2)
    learn(learner, batch)
    learner.step(optimizer)
    resumed, new_optimizer = make_learner(), adamw(1e-2)
    resumed.network.module.load_state_dict(learner.network.module.state_dict())
    moments = {name: value.clone() for name, value in learner.moments().items()}
    resumed.restore(moments, new_optimizer, steps=learner.steps)
    for one, its_optimizer in ((learner, optimizer), (resumed, new_optimizer)):
        learn(one, batch)
        one.step(its_optimizer)
    assert resumed.steps == learner.steps == 2
    assert_same_weights(learner, resumed, 0)


@pytest.mark.parametrize("borders", [(), (4, 7)])
def test_a_float16_scale_is_that_of_the_mean(
    make_learner: MakeLearner, batch: PaddedBatch, borders: tuple[int, ...]
) -> None:
    """The sum over nine rows is scaled by a ninth of the scale, and the step divides by scale and count alike."""
    exact, scaled = make_learner(), make_learner(torch.float16)
    learn(exact, batch, borders)
    learn(scaled, batch, borders)
    first_count = borders[0] if borders else 9
    assert float(scaled.scale.factor) == pytest.approx(2.0**16 / first_count)
    gradient = scaled.network.module.classifier.bias.grad / scaled.scale.factor
    torch.testing.assert_close(gradient, exact.network.module.classifier.bias.grad, rtol=0, atol=0.02)
    for learner in (exact, scaled):
        learner.step(adamw(1e-2, eps=1e-2))
    assert_same_weights(exact, scaled, 1e-3)


def test_a_float16_gradient_that_overflows_halves_the_scale(make_learner: MakeLearner, batch: PaddedBatch) -> None:
    learner = make_learner(torch.float16)
    before = copy.deepcopy(learner.network.module)
    learner.learn(lambda: Loss(loss_of(learner.network, batch).total * float("inf"), 9))
    learner.step(adamw(1e-2))
    assert float(learner.scale.scale) == 2.0**15
    for parameter, reference in zip(learner.network.module.parameters(), before.parameters(), strict=True):
        assert torch.equal(parameter, reference)


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_an_interrupted_batch_leaves_no_gradients(
    nlp: Language, make_textcat: Callable, make_examples: Callable, error: type[BaseException]
) -> None:
    """The second slice of a batch is interrupted: the next step is that of the batch after it alone."""
    pipe = make_textcat(nlp, max_batch_subwords=24)
    examples = make_examples(nlp)
    nlp.initialize(lambda: examples)
    other = make_textcat(spacy.blank("en"), max_batch_subwords=24)
    other.from_bytes(pipe.to_bytes())
    slices = []

    def interrupt(*_: object) -> None:
        slices.append(1)
        if len(slices) == 2:
            raise error("in the second slice")

    handle = pipe.network.module.bert.embeddings.register_forward_pre_hook(interrupt)
    with pytest.raises(error, match="in the second slice"):
        pipe.update(examples)
    handle.remove()
    assert all(parameter.grad is None for parameter in pipe.network.module.parameters())
    for component in (pipe, other):
        component.update(examples[:4], sgd=adamw(1e-2))
    weights = zip(pipe.network.module.parameters(), other.network.module.parameters(), strict=True)
    assert all(torch.equal(one, another) for one, another in weights)


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_an_interrupted_step_leaves_no_gradients(
    make_learner: MakeLearner, batch: PaddedBatch, monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
) -> None:
    """It is interrupted after the weights have changed: the next step is that of the batch after it alone."""
    learner, whole = make_learner(), make_learner()
    optimizers = [adamw(1e-2, eps=1e-3), adamw(1e-2, eps=1e-3)]

    def interrupt(**_: object) -> None:
        raise error("between the step and its end")

    for first, one, optimizer in zip((True, False), (learner, whole), optimizers, strict=True):
        learn(one, batch)
        one.step(optimizer)
        learn(one, batch)
        if first:
            monkeypatch.setattr(one._stepper._adamw, "zero_grad", interrupt)
            with pytest.raises(error, match="between the step"):
                one.step(optimizer)
            monkeypatch.undo()
            assert all(parameter.grad is None for parameter in one.network.module.parameters())
        else:
            one.step(optimizer)
        one.learn(lambda network=one.network: loss_of(network, batch, slice(2)))
        one.step(optimizer)
    assert_same_weights(learner, whole, 0)
