"""Intervals of scores: the bootstrap."""

from __future__ import annotations

import numpy as np
import pytest

from spacy_bertadapt.reporting.intervals import differences, drawn_weights, intervals
from spacy_bertadapt.reporting.kinds import report_on
from spacy_bertadapt.reporting.mcnemar import mcnemar
from spacy_bertadapt.reporting.measures import Sums

from .rows import label_rows

rng = np.random.default_rng(0)


def mean_of(values: np.ndarray, *, is_merged: bool = True) -> Sums:
    """Return the measure of a mean. is_merged: whether equal texts are one unit, as in practice."""
    rows = np.stack([values, np.ones(len(values))], axis=1).astype(np.float64)

    def score(sums: np.ndarray) -> dict[str, np.ndarray]:
        return {"mean": sums[:, 0] / sums[:, 1]}

    return Sums.of_rows(rows, score) if is_merged else Sums(np.arange(len(rows)), rows, score)


def test_an_interval_of_a_share_is_the_binomials() -> None:
    values = np.arange(400) < 320
    found = intervals(mean_of(values))["mean"]
    error = 1.96 * (0.8 * 0.2 / 400) ** 0.5
    assert found.value == pytest.approx(0.8)
    assert found.low == pytest.approx(0.8 - error, abs=0.006)
    assert found.high == pytest.approx(0.8 + error, abs=0.006)


def test_equal_texts_are_drawn_together_as_they_are_one_by_one() -> None:
    values = np.arange(300) % 3 == 0
    merged, single = (intervals(mean_of(values, is_merged=flag))["mean"] for flag in (True, False))
    assert merged.low == pytest.approx(single.low, abs=0.01)
    assert merged.high == pytest.approx(single.high, abs=0.01)


@pytest.mark.parametrize("units", [np.arange(90) % 3, np.arange(90)])
def test_as_many_texts_are_drawn_as_there_are(units: np.ndarray) -> None:
    weights = np.concatenate(list(drawn_weights(units, 500)))
    assert weights.shape == (500, units.max() + 1)
    assert (weights.sum(axis=1) == 90).all()
    assert weights.mean(axis=0) == pytest.approx(np.bincount(units), abs=2)
    assert weights.std(axis=0).min() > 0.5


def test_the_same_numbers_each_time() -> None:
    measure = mean_of(np.arange(50) % 2 == 0)
    assert intervals(measure) == intervals(measure)


def test_a_paired_difference_is_narrower_than_two_intervals() -> None:
    first = rng.random(500) < 0.6
    second = first.copy()
    second[np.flatnonzero(~first)[:25]] = True
    found = differences(mean_of(first), mean_of(second))["mean"]
    assert found.value == pytest.approx(0.05)
    assert 0.02 < found.low < 0.05 < found.high < 0.08
    assert found.p < 0.01
    alone = intervals(mean_of(first))["mean"]
    assert found.high - found.low < (alone.high - alone.low) / 1.5


def test_no_difference_has_a_p_of_one() -> None:
    values = rng.random(100) < 0.5
    found = differences(mean_of(values), mean_of(values))["mean"]
    assert (found.value, found.low, found.high, found.p) == (0, 0, 0, 1)


def test_differences_keep_texts_of_both_pipelines_together() -> None:
    """The units of both have other numbers; a mistake in matching them would give other means."""
    first, second = (
        label_rows([0, 0, 1, 1, 2, 2] * 20, [0, 0, 1, 1, 2, 2] * 20),
        label_rows([0, 0, 1, 1, 2, 2] * 20, [0, 1, 1, 0, 2, 2] * 20),
    )
    found = differences(report_on(first).measure, report_on(second).measure)["accuracy"]
    assert found.first == 1
    assert found.second == pytest.approx(4 / 6)
    assert found.low == pytest.approx(-1 / 3 - 1.96 * (2 / 9 / 120) ** 0.5, abs=0.02)


def test_a_measure_of_some_rows_is_that_of_these_rows_alone() -> None:
    values = np.arange(10)
    kept = values >= 5
    assert intervals(mean_of(values).of(kept))["mean"].value == values[kept].mean()


def test_mcnemar_counts_what_one_alone_gets_right() -> None:
    first, second = np.array([1, 1, 1, 1, 1, 1, 0, 1, 0], dtype=bool), np.array([0, 0, 0, 0, 0, 0, 1, 1, 0], dtype=bool)
    found = mcnemar(first, second)
    assert (found.only_first, found.only_second) == (6, 1)
    assert found.p == pytest.approx(2 * 8 / 128)
    assert mcnemar(first, first).p == 1
    many = np.arange(100_000) < 60_000
    assert mcnemar(many, ~many).p < 1e-100
