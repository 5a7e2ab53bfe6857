"""The number of steps fits spaCy's loop for any size of data."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_bertadapt.planning.steps import plan_steps


@given(examples=st.integers(1, 10_000_000), batch_size=st.integers(1, 512), epochs=st.integers(1, 50))
def test_last_step_is_evaluated_and_nearest_to_epochs(examples: int, batch_size: int, epochs: int) -> None:
    steps = plan_steps(examples, batch_size=batch_size, epochs=epochs)
    wanted = epochs * math.ceil(examples / batch_size)
    assert steps.max_steps % steps.eval_frequency == 0
    assert 10 <= steps.eval_frequency <= 500
    assert steps.max_steps == steps.eval_frequency or abs(steps.total - wanted) <= steps.eval_frequency / 2


def test_two_evaluations_an_epoch() -> None:
    steps = plan_steps(6920, batch_size=32, epochs=3)
    assert (steps.per_epoch, steps.eval_frequency, steps.max_steps, steps.total) == (217, 108, 648, 649)


@pytest.mark.parametrize(("examples", "evaluations"), [(240, 7), (2000, 4), (6920, 4), (1_000_000, 75)])
def test_patience_is_some_evaluations(examples: int, evaluations: int) -> None:
    steps = plan_steps(examples, batch_size=32)
    assert steps.patience == evaluations * steps.eval_frequency


def test_tiny_data_still_gets_ten_steps() -> None:
    assert plan_steps(6, batch_size=32, epochs=3).max_steps == 10


@pytest.mark.parametrize(
    ("examples", "epochs"), [(1, 20), (320, 20), (640, 10), (2000, 4), (2133, 3), (6400, 3), (100_000, 3)]
)
def test_small_data_is_seen_more_often(examples: int, epochs: int) -> None:
    assert plan_steps(examples, batch_size=32) == plan_steps(examples, batch_size=32, epochs=epochs)


def test_large_data_is_evaluated_every_500_steps() -> None:
    assert plan_steps(1_000_000, batch_size=32, epochs=1).eval_frequency == 500
