"""float16's loss scale halves, grows, and gives up at its floor."""

from __future__ import annotations

import torch

from spacy_bertadapt.learning.loss_scale import GROWTH_INTERVAL, LARGEST, SMALLEST, LossScale, loss_scale

GOOD, BAD = torch.tensor(0.0), torch.tensor(1.0)


def test_it_halves_when_a_gradient_overflows() -> None:
    scale = LossScale(torch.device("cpu"))
    start = scale.scale.item()
    assert start == 2.0**16
    assert scale.update(BAD).item() == 0.0, "that is what the scale is for: no failure"
    assert scale.scale.item() == start / 2
    assert scale.update(GOOD).item() == 0.0
    assert scale.scale.item() == start / 2


def test_it_doubles_after_enough_good_steps_in_a_row() -> None:
    scale = LossScale(torch.device("cpu"))
    for _ in range(GROWTH_INTERVAL - 1):
        scale.update(GOOD)
    assert scale.scale.item() == 2.0**16
    scale.update(BAD)
    for _ in range(GROWTH_INTERVAL - 1):
        scale.update(GOOD)
    assert scale.scale.item() == 2.0**15, "a bad step starts the count again"
    scale.update(GOOD)
    assert scale.scale.item() == 2.0**16
    scale.update(GOOD)
    assert scale.scale.item() == 2.0**16


def test_at_its_floor_a_bad_step_is_a_failure() -> None:
    scale = LossScale(torch.device("cpu"))
    failures = [scale.update(BAD).item() for _ in range(19)]
    assert failures == [0.0] * 16 + [1.0] * 3
    assert scale.scale.item() == SMALLEST
    assert scale.update(GOOD).item() == 0.0


def test_it_has_a_ceiling() -> None:
    scale = LossScale(torch.device("cpu"))
    scale.scale = torch.tensor(LARGEST)
    for _ in range(GROWTH_INTERVAL):
        scale.update(GOOD)
    assert scale.scale.item() == LARGEST


def test_a_sum_is_scaled_as_its_mean() -> None:
    scale = loss_scale(torch.device("cpu"), torch.float16, 8)
    assert float(scale.factor) == 2.0**16 / 8
    scale.update(BAD)
    assert float(scale.factor) == 2.0**15 / 8
    assert float(loss_scale(torch.device("cpu"), torch.float16, 0).factor) == 2.0**16, "of a batch without a unit"


def test_other_number_formats_have_no_scale() -> None:
    for dtype in (None, torch.bfloat16):
        scale = loss_scale(torch.device("cpu"), dtype, 8)
        assert scale.factor == 1.0
        assert (scale.update(GOOD).item(), scale.update(BAD).item()) == (0.0, 1.0), "every bad step is a failure"
