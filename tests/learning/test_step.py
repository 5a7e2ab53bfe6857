"""A step is torch's AdamW with clipping, and a gradient that is not finite leaves no trace."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch import Tensor
from transformers import BertConfig, BertForSequenceClassification

from spacy_bertadapt.learning.adaptation import FullFineTuning
from spacy_bertadapt.learning.step import Stepper


@dataclass
class Settings:
    """What a step reads of an optimizer."""

    learn_rate: float = 1e-2
    b1: float = 0.9
    b2: float = 0.99
    eps: float = 1e-4  # large enough that float noise in tiny gradients stays noise
    L2: float = 0.1
    grad_clip: float = 0.5


SIZES = {"vocab_size": 40, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}


@pytest.fixture
def module() -> BertForSequenceClassification:
    torch.manual_seed(0)
    return BertForSequenceClassification(BertConfig(**SIZES)).eval()


def loss_of(module: torch.nn.Module, seed: int, rows: slice = slice(None)) -> Tensor:
    """A mean over 4 texts, or over the rows of them asked for."""
    torch.manual_seed(seed)
    ids, labels = torch.randint(5, 40, (4, 6)), torch.randint(0, 2, (4,))
    return module(input_ids=ids[rows], labels=labels[rows]).loss


def reference(module: torch.nn.Module, settings: Settings) -> Callable[[int], None]:
    """torch's own AdamW and clipping."""
    named = list(module.named_parameters())
    groups = [
        {"params": [p for _, p in named if p.dim() > 1], "weight_decay": settings.L2},
        {"params": [p for _, p in named if p.dim() <= 1], "weight_decay": 0.0},
    ]
    betas = (settings.b1, settings.b2)
    optimizer = torch.optim.AdamW(groups, lr=settings.learn_rate, betas=betas, eps=settings.eps)

    def step(seed: int) -> None:
        loss_of(module, seed).backward()
        if settings.grad_clip:
            torch.nn.utils.clip_grad_norm_(module.parameters(), settings.grad_clip)
        optimizer.step()
        optimizer.zero_grad()

    return step


def assert_same_weights(module: torch.nn.Module, other: torch.nn.Module, tolerance: float = 1e-6) -> None:
    others = dict(other.named_parameters())
    for name, parameter in module.named_parameters():
        torch.testing.assert_close(parameter, others[name], rtol=0, atol=tolerance, msg=lambda m, n=name: f"{n}: {m}")


def snapshot(stepper: Stepper, module: torch.nn.Module) -> dict[str, Any]:
    """Weights and everything that the optimizer keeps."""
    return copy.deepcopy({"weights": module.state_dict(), "moments": stepper._adamw.state_dict()["state"]})


def assert_identical(one: Any, other: Any) -> None:
    if isinstance(one, dict):
        assert one.keys() == other.keys()
        for key in one:
            assert_identical(one[key], other[key])
    else:
        assert torch.equal(one, other)


@pytest.mark.parametrize("grad_clip", [0.5, 0.0, 1000.0])
@pytest.mark.parametrize("accumulated", [False, True])
def test_steps_are_those_of_torch(module: BertForSequenceClassification, grad_clip: float, accumulated: bool) -> None:
    settings = Settings(grad_clip=grad_clip)
    twin = copy.deepcopy(module)
    start = copy.deepcopy(module)
    stepper, reference_step = Stepper(module, FullFineTuning()), reference(twin, settings)
    for seed in range(5):
        if accumulated:
            loss_of(module, seed, slice(0, 2)).backward()
            loss_of(module, seed, slice(2, 4)).backward()
        else:
            loss_of(module, seed).backward()
        assert stepper.step(settings, divisor=2.0 if accumulated else 1.0).item() == 0.0
        assert all(parameter.grad is None for parameter in module.parameters())
        reference_step(seed)
    assert_same_weights(module, twin)
    assert (module.classifier.weight - start.classifier.weight).abs().max() > 1e-3


def test_clipping_makes_a_difference(module: BertForSequenceClassification) -> None:
    """Adam hardly sees the length of a gradient, but it sees how lengths change from step to step."""
    twin = copy.deepcopy(module)
    for network, clip in ((module, 0.01), (twin, 0.0)):
        settings = Settings(grad_clip=clip)
        stepper = Stepper(network, FullFineTuning())
        for seed in range(3):
            (loss_of(network, seed) * (1 if seed else 100)).backward()
            stepper.step(settings)
    assert (module.classifier.weight - twin.classifier.weight).abs().max() > 1e-3


def test_settings_may_change_between_steps(module: BertForSequenceClassification) -> None:
    settings = Settings()
    stepper = Stepper(module, FullFineTuning())
    loss_of(module, 0).backward()
    stepper.step(settings)
    before = copy.deepcopy(module)
    settings.learn_rate = 0.0
    loss_of(module, 1).backward()
    stepper.step(settings)
    assert_same_weights(module, before, tolerance=0)


def test_layers_and_head_learn_at_their_own_rates(module: BertForSequenceClassification) -> None:
    settings = Settings(L2=0.0, eps=1e-16, grad_clip=0.0)
    before = copy.deepcopy(module.state_dict())
    stepper = Stepper(module, FullFineTuning(layer_decay=0.5, head_factor=4.0))
    loss_of(module, 0).backward()
    stepper.step(settings)
    moved = {name: (p - before[name]).abs().max().item() for name, p in module.named_parameters()}
    assert moved["classifier.weight"] == pytest.approx(4e-2, rel=1e-3)
    assert moved["bert.pooler.dense.weight"] == pytest.approx(1e-2, rel=1e-3)
    assert moved["bert.encoder.layer.1.output.dense.weight"] == pytest.approx(1e-2, rel=1e-3)
    assert moved["bert.encoder.layer.0.output.dense.weight"] == pytest.approx(5e-3, rel=1e-3)
    assert moved["bert.embeddings.word_embeddings.weight"] == pytest.approx(2.5e-3, rel=1e-3)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("steps_before", [0, 2])
def test_a_gradient_that_is_not_finite_leaves_no_trace(
    module: BertForSequenceClassification, value: float, steps_before: int
) -> None:
    settings = Settings()
    twin = copy.deepcopy(module)
    stepper, reference_step = Stepper(module, FullFineTuning()), reference(twin, settings)
    for seed in range(steps_before):
        loss_of(module, seed).backward()
        stepper.step(settings)
        reference_step(seed)
    before = snapshot(stepper, module)
    loss_of(module, 7).backward()
    assert module.classifier.bias.grad is not None
    module.classifier.bias.grad[1] = value
    assert stepper.step(settings).item() == 1.0
    assert all(parameter.grad is None for parameter in module.parameters())
    assert_identical(before["weights"], dict(module.state_dict()))
    if steps_before:
        assert_identical(before["moments"], snapshot(stepper, module)["moments"])
    for seed in range(steps_before, steps_before + 3):
        loss_of(module, seed).backward()
        stepper.step(settings)
        reference_step(seed)
    assert_same_weights(module, twin)


def test_a_device_without_a_fused_kernel_takes_the_same_steps(
    module: BertForSequenceClassification, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(grad_clip=0.5)
    twin = copy.deepcopy(module)
    fused = Stepper(twin, FullFineTuning())
    monkeypatch.setattr("spacy_bertadapt.learning.step.FUSED_ON", ())
    plain = Stepper(module, FullFineTuning())
    for seed in range(3):
        for stepper, network in ((fused, twin), (plain, module)):
            loss_of(network, seed).backward()
            stepper.step(settings, divisor=2.0)
    assert_same_weights(module, twin)
    before = snapshot(plain, module)
    loss_of(module, 7).backward()
    module.classifier.bias.grad[1] = float("nan")
    assert plain.step(settings).item() == 1.0
    assert_identical(before, snapshot(plain, module))


def test_without_gradients_nothing_happens(module: BertForSequenceClassification) -> None:
    before = copy.deepcopy(module)
    stepper = Stepper(module, FullFineTuning())
    assert stepper.step(Settings()).item() == 0.0
    assert_same_weights(module, before, tolerance=0)


def test_frozen_parameters_stay(module: BertForSequenceClassification) -> None:
    module.bert.requires_grad_(False)
    before = copy.deepcopy(module)
    stepper = Stepper(module, FullFineTuning())
    loss_of(module, 0).backward()
    stepper.step(Settings())
    assert_same_weights(module.bert, before.bert, tolerance=0)
    assert (module.classifier.weight != before.classifier.weight).any()
    assert len(stepper._adamw.state_dict()["state"]) == 2


def test_going_on_from_a_state_is_the_same_bit_for_bit(module: BertForSequenceClassification) -> None:
    settings = Settings()
    stepper = Stepper(module, FullFineTuning())
    for seed in range(3):
        loss_of(module, seed).backward()
        stepper.step(settings)
    later = copy.deepcopy(module)
    restored = Stepper(later, FullFineTuning())
    restored.restore({name: value.clone() for name, value in stepper.state().items()})
    for seed in range(3, 6):
        for network, its_stepper in ((module, stepper), (later, restored)):
            loss_of(network, seed).backward()
            its_stepper.step(settings)
    for (name, value), other in zip(module.named_parameters(), later.parameters(), strict=True):
        assert torch.equal(value, other), name
