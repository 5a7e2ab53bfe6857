"""Losses equal torch's own where torch has them, and their formula where it has not."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from spacy import registry
from thinc.api import Config

from spacy_bertadapt.learning.losses import BinaryCrossEntropy, CrossEntropy, MeanSquaredError

LABELS = 4
WEIGHTS = torch.tensor([0.5, 1.0, 2.0, 4.0])


@pytest.fixture
def logits() -> torch.Tensor:
    torch.manual_seed(0)
    return (torch.randn(6, LABELS) * 2).requires_grad_()


@pytest.fixture
def gold() -> torch.Tensor:
    return torch.tensor([0, 1, 2, 3, 0, 2])


@pytest.fixture
def one_hot(gold: torch.Tensor) -> torch.Tensor:
    return F.one_hot(gold, LABELS).float()


@pytest.fixture
def several() -> torch.Tensor:
    return torch.tensor([[1, 0, 1, 0], [0, 0, 0, 0], [1, 1, 1, 1], [0, 1, 0, 0], [0, 0, 1, 1], [1, 0, 0, 0]]).float()


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.5])
@pytest.mark.parametrize("weights", [None, WEIGHTS])
def test_cross_entropy(
    logits: torch.Tensor, gold: torch.Tensor, one_hot: torch.Tensor, smoothing: float, weights: torch.Tensor | None
) -> None:
    loss = CrossEntropy(label_smoothing=smoothing)(logits, one_hot, torch.ones_like(one_hot), weights)
    expected = F.cross_entropy(logits, gold, weight=weights, label_smoothing=smoothing, reduction="none")
    torch.testing.assert_close(loss, expected)
    ours, theirs = (torch.autograd.grad(value.sum(), logits)[0] for value in (loss, expected))
    torch.testing.assert_close(ours, theirs)


def test_class_weights_multiply_an_example(logits: torch.Tensor, gold: torch.Tensor, one_hot: torch.Tensor) -> None:
    plain = CrossEntropy()(logits, one_hot, torch.ones_like(one_hot), None)
    weighted = CrossEntropy()(logits, one_hot, torch.ones_like(one_hot), WEIGHTS)
    torch.testing.assert_close(weighted, plain * WEIGHTS[gold])


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("weights", [None, WEIGHTS])
def test_binary_cross_entropy(
    logits: torch.Tensor, several: torch.Tensor, smoothing: float, weights: torch.Tensor | None
) -> None:
    loss = BinaryCrossEntropy(label_smoothing=smoothing)(logits, several, torch.ones_like(several), weights)
    soft = several * (1 - smoothing) + smoothing / 2
    expected = F.binary_cross_entropy_with_logits(logits, soft, pos_weight=weights, reduction="none").mean(-1)
    torch.testing.assert_close(loss, expected)


def test_focal_cross_entropy(logits: torch.Tensor, gold: torch.Tensor, one_hot: torch.Tensor) -> None:
    known = torch.ones_like(one_hot)
    plain = F.cross_entropy(logits, gold, reduction="none")
    torch.testing.assert_close(CrossEntropy(focal_gamma=0.0)(logits, one_hot, known, None), plain)
    p = logits.softmax(-1).gather(1, gold[:, None])[:, 0]
    torch.testing.assert_close(CrossEntropy(focal_gamma=2.0)(logits, one_hot, known, None), (1 - p) ** 2 * plain)


def test_focal_binary_cross_entropy(logits: torch.Tensor, several: torch.Tensor) -> None:
    known = torch.ones_like(several)
    plain = F.binary_cross_entropy_with_logits(logits, several, reduction="none")
    torch.testing.assert_close(BinaryCrossEntropy(focal_gamma=0.0)(logits, several, known, None), plain.mean(-1))
    p = torch.where(several > 0, logits.sigmoid(), 1 - logits.sigmoid())
    losses = BinaryCrossEntropy(focal_gamma=2.0)(logits, several, known, None)
    torch.testing.assert_close(losses, ((1 - p) ** 2 * plain).mean(-1))


def test_labels_without_gold_cost_nothing(logits: torch.Tensor, several: torch.Tensor) -> None:
    known = torch.ones_like(several)
    known[0, 1:] = 0
    known[1] = 0
    loss = BinaryCrossEntropy()(logits, several, known, None)
    expected = F.binary_cross_entropy_with_logits(logits[0, 0], several[0, 0])
    torch.testing.assert_close(loss[0], expected)
    assert loss[1].item() == 0
    gradient = torch.autograd.grad(loss.sum(), logits)[0]
    assert (gradient[0, 1:] == 0).all()
    assert (gradient[1] == 0).all()
    assert (gradient[2:] != 0).all()


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_texts_without_gold_cost_nothing(
    logits: torch.Tensor, one_hot: torch.Tensor, gamma: float, smoothing: float
) -> None:
    one_hot[1] = 0
    loss = CrossEntropy(label_smoothing=smoothing, focal_gamma=gamma)(logits, one_hot, one_hot, WEIGHTS)
    assert loss[1].item() == 0
    gradient = torch.autograd.grad(loss.sum(), logits)[0]
    assert (gradient[1] == 0).all()
    assert (gradient[2:] != 0).all()


@pytest.mark.parametrize("loss", [CrossEntropy, BinaryCrossEntropy])
@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0])
def test_certain_logits_have_finite_gradients(loss: type, gamma: float) -> None:
    logits = torch.tensor([[200.0, -200.0], [-200.0, 200.0]], requires_grad=True)
    targets = torch.tensor([[1.0, 0.0], [1.0, 0.0]])
    value = loss(focal_gamma=gamma)(logits, targets, torch.ones_like(targets), None)
    assert torch.isfinite(value).all()
    assert value[0].item() == 0
    assert value[1].item() > 100
    assert torch.isfinite(torch.autograd.grad(value.sum(), logits)[0]).all()


def test_mean_squared_error(logits: torch.Tensor) -> None:
    """All numbers weigh the same, as in torch; those without gold cost nothing, and make others no smaller."""
    numbers = torch.linspace(-3, 5, logits.numel()).view(logits.shape)
    loss = MeanSquaredError()(logits, numbers, torch.ones_like(numbers), None)
    torch.testing.assert_close(loss.mean(), F.mse_loss(logits, numbers))
    known = torch.zeros_like(numbers)
    known[1:, 2] = 1
    partly = MeanSquaredError()(logits, numbers, known, None)
    torch.testing.assert_close(partly[1:], (logits - numbers)[1:, 2] ** 2)
    assert partly[0].item() == 0
    assert (torch.autograd.grad(partly.sum(), logits)[0][known == 0] == 0).all()


CONFIG = """
[loss]
@losses = "spacy-bertadapt.{name}.v1"
class_weights = {weights}
label_smoothing = 0.1
focal_gamma = 2.0
"""


@pytest.mark.parametrize(("name", "cls"), [("CrossEntropy", CrossEntropy), ("BinaryCrossEntropy", BinaryCrossEntropy)])
@pytest.mark.parametrize(("written", "meant"), [("null", None), ('"balanced"', "balanced"), ('{"a": 2.0}', {"a": 2.0})])
def test_losses_come_out_of_a_config(name: str, cls: type, written: str, meant: object) -> None:
    config = Config().from_str(CONFIG.format(name=name, weights=written))
    loss = registry.resolve(config)["loss"]
    assert loss == cls(class_weights=meant, label_smoothing=0.1, focal_gamma=2.0)


@pytest.mark.parametrize(("name", "cls"), [("CrossEntropy", CrossEntropy), ("BinaryCrossEntropy", BinaryCrossEntropy)])
def test_losses_need_no_settings(name: str, cls: type) -> None:
    assert registry.resolve({"loss": {"@losses": f"spacy-bertadapt.{name}.v1"}})["loss"] == cls()


def test_mean_squared_error_comes_out_of_a_config() -> None:
    assert registry.resolve({"loss": {"@losses": "spacy-bertadapt.MeanSquaredError.v1"}})["loss"] == MeanSquaredError()
