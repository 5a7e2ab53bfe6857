"""A loss that stays on its device until it is read acts like the float that spaCy expects."""

from __future__ import annotations

import pytest
import srsly
import torch

from spacy_bertadapt.learning.running_loss import RunningLoss, running_loss


@pytest.fixture
def loss() -> RunningLoss:
    return RunningLoss(torch.tensor(1.5))


def test_a_cpu_loss_is_a_float() -> None:
    loss = running_loss(torch.tensor(2.5, requires_grad=True))
    assert type(loss) is float
    assert loss == 2.5


@pytest.mark.parametrize("value", ["nan", "inf", "-inf"])
def test_a_loss_that_is_not_finite_counts_nothing(value: str) -> None:
    assert running_loss(torch.tensor(float(value))) == 0.0


def test_a_loss_elsewhere_is_not_read() -> None:
    loss = running_loss(torch.zeros((), device="meta"))
    assert isinstance(loss, RunningLoss)
    with pytest.raises(RuntimeError):
        float(loss)


def test_it_is_a_number(loss: RunningLoss) -> None:
    assert float(loss / 2) == 0.75
    assert float(2 * loss) == float(loss * 2) == 3.0
    assert 1.0 < loss < RunningLoss(torch.tensor(2.0))
    assert loss > 1.0


def test_losses_add_up(loss: RunningLoss) -> None:
    losses = {"textcat": 0.0}
    losses["textcat"] += loss
    losses["textcat"] += loss
    losses["textcat"] += 1
    assert isinstance(losses["textcat"], RunningLoss)
    assert float(losses["textcat"]) == 4.0
    assert float(sum([loss, loss])) == 3.0
    assert float(loss) == 1.5, "adding changes neither operand"


def test_losses_print_and_write_like_floats(loss: RunningLoss) -> None:
    assert f"{loss:.2f}" == "1.50"
    assert f"{loss}" == str(1.5)
    assert repr(loss) == "1.5"
    assert srsly.json_loads(srsly.json_dumps({"losses": {"textcat": loss}})) == {"losses": {"textcat": 1.5}}
