"""Steps that were not finite are counted, reported, and end training where they don't stop."""

from __future__ import annotations

import warnings

import pytest
import torch

from spacy_bertadapt.errors import InvalidError
from spacy_bertadapt.learning.nonfinite_steps import STEPS_BETWEEN_READS, StepHealth

GOOD, BAD = torch.tensor(0.0), torch.tensor(1.0)


@pytest.fixture
def health() -> StepHealth:
    return StepHealth(torch.device("cpu"))


@pytest.fixture
def waiting_health(health: StepHealth) -> StepHealth:
    """Reads its counters now and then only, as on a GPU."""
    health._interval = STEPS_BETWEEN_READS
    return health


def test_three_bad_steps_in_a_row_end_training(health: StepHealth) -> None:
    health.record(GOOD)
    with pytest.warns(UserWarning, match=r"W301.* 1 of 2 steps"):
        health.record(BAD)
    with pytest.warns(UserWarning, match=r"W301.* 2 of 3 steps"):
        health.record(BAD)
    with pytest.raises(InvalidError, match=r"E306.* 3 steps in a row"):
        health.record(BAD)


def test_where_reading_waits_the_last_steps_are_reported_when_asked(waiting_health: StepHealth) -> None:
    waiting_health.record(BAD)
    with pytest.warns(UserWarning, match=r"W301.* 1 of 1 steps"):
        waiting_health.report()
    waiting_health.report()
    waiting_health.record(BAD)
    with pytest.warns(UserWarning, match=r"W301.* 2 of 2 steps"):
        waiting_health.report()


def test_counters_are_read_only_after_new_steps() -> None:
    """On a device without numbers, reading fails: a prediction before or between steps waits for nothing."""
    health = StepHealth(torch.device("meta"))
    health.report()
    health.record(torch.zeros((), device="meta"))
    with pytest.raises((NotImplementedError, RuntimeError), match="meta"):
        health.report()


def test_three_bad_steps_between_two_readings_end_training_too(waiting_health: StepHealth) -> None:
    """They are over by the time that the counters are read."""
    for _ in range(3):
        waiting_health.record(BAD)
    for _ in range(STEPS_BETWEEN_READS - 4):
        waiting_health.record(GOOD)
    with pytest.raises(InvalidError, match=r"E306.* 3 steps in a row"):
        waiting_health.record(GOOD)


def test_bad_steps_with_good_ones_between_go_on(health: StepHealth) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for bad in (BAD, BAD, GOOD) * 4:
            health.record(bad)
    assert len(caught) == 8, "one warning a skipped step, none for the others"
    assert "8 of 11" in str(caught[-1].message)
