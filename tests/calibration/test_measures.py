"""Errors of calibration and thresholds, on decisions that can be counted by hand."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from spacy_bertadapt.calibration.measures import expected_calibration_error, reliability
from spacy_bertadapt.calibration.thresholds import find_threshold, wilson
from spacy_bertadapt.planning.decisions import Decisions


def test_error_by_hand() -> None:
    """Four decisions in two bins: 0.95 with one of two right, 0.55 with two of two."""
    found = reliability([0.95, 0.95, 0.55, 0.55], [True, False, True, True], bins=10)
    assert found.counts[[5, 9]].tolist() == [2, 2]
    assert found.error == pytest.approx((0.45 + 0.45) / 2)
    assert np.isnan(expected_calibration_error([], []))
    assert expected_calibration_error([1.0, 0.0], [True, False]) == 0


def test_calibrated_decisions_have_no_error() -> None:
    draws = np.random.default_rng(0)
    confidence = draws.uniform(size=200_000)
    is_right = draws.uniform(size=200_000) < confidence
    assert expected_calibration_error(confidence, is_right) < 0.01
    assert expected_calibration_error(confidence**0.5, is_right) > 0.1


def decisions(right: str, *, gold: int) -> Decisions:
    """Return decisions for "x", the surest first; right: "+" for a right one."""
    made = Decisions(gold=Counter(x=gold))
    for number, mark in enumerate(right):
        made.add("x", 0.99 - number / 100, is_right=mark == "+")
    made.add("y", 0.999, is_right=False)
    return made


def test_threshold_of_a_precision_stops_before_the_first_fall() -> None:
    found = find_threshold(decisions("+" * 19 + "-" + "--" + "+" * 40, gold=60), "x", precision=0.95)
    assert (found.decided, found.total, found.precision, found.recall) == (20, 62, 0.95, 19 / 60)
    assert 0.79 < found.value < 0.80
    assert found.low < 0.95 < found.high


def test_few_decisions_reach_no_precision() -> None:
    found = find_threshold(decisions("+" * 9, gold=9), "x", precision=0.5)
    assert not found.reached
    assert found.value == 1


def test_threshold_of_f1() -> None:
    found = find_threshold(decisions("++++----", gold=4), "x", precision=None)
    assert (found.decided, found.precision, found.recall) == (4, 1, 1)
    assert 0.95 < found.value < 0.96
    assert not find_threshold(decisions("", gold=4), "x", precision=None).reached


def test_equal_confidences_are_not_torn_apart() -> None:
    made = Decisions(gold=Counter(x=10))
    for number in range(20):
        made.add("x", 0.5, is_right=number < 10)
    found = find_threshold(made, "x", precision=None)
    assert (found.decided, found.precision) == (20, 0.5)


def test_interval() -> None:
    """Brown, Cai and DasGupta (2001): 2 of 10."""
    assert wilson(2, 10) == pytest.approx((0.057, 0.510), abs=0.001)
    assert wilson(0, 0) == (0.0, 1.0)
