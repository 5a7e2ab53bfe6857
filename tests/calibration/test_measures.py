"""Errors of calibration and thresholds, on decisions that can be counted by hand."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from spacy_bertadapt.calibration.measures import expected_calibration_error, reliability
from spacy_bertadapt.calibration.thresholds import chance_of_so_few, fewest_decisions, find_threshold, wilson
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
        made.add("x", 0.999 - number / 1000, is_right=mark == "+")
    made.add("y", 0.9999, is_right=False)
    return made


def test_threshold_of_a_precision_by_hand() -> None:
    """45 right ones are the fewest of which 0.95 is sure; with a wrong one among them it takes 77."""
    assert fewest_decisions(0.95) == 45
    found = find_threshold(decisions("+" * 45, gold=60), "x", precision=0.95)
    assert (found.decided, found.total, found.precision, found.recall) == (45, 45, 1, 0.75)
    assert found.low < 0.95
    assert not find_threshold(decisions("+" * 44, gold=60), "x", precision=0.95).reached
    assert not find_threshold(decisions("-" + "+" * 75, gold=76), "x", precision=0.95).reached
    assert find_threshold(decisions("-" + "+" * 76, gold=76), "x", precision=0.95).reached
    assert find_threshold(decisions("+" * 50 + "----", gold=50), "x", precision=0.95).decided == 50


def test_chance_of_mistakes() -> None:
    """Of 3 throws of a coin at most one is heads in 4 of 8 cases."""
    assert chance_of_so_few(1, 3, 0.5) == pytest.approx(0.5)
    assert chance_of_so_few(10, 10, 0.3) == pytest.approx(1)


def test_a_precision_holds_on_new_data() -> None:
    """In nine of ten samples, of which a tenth may be missed by chance: not in half of them."""
    draws = np.random.default_rng(0)
    held = []
    for _ in range(100):
        score = 1 / (1 + np.exp(-draws.normal(2.0, 1.5, size=(2, 1000))))
        right = draws.uniform(size=score.shape) < score
        found = find_threshold(_decisions_of(score[0], right[0]), "x", precision=0.95)
        if found.reached:
            held.append(score[1][score[1] >= found.value].mean() >= 0.95)
    assert len(held) > 80
    assert 0.8 < np.mean(held) < 1


def _decisions_of(score, right) -> Decisions:
    made = Decisions(gold=Counter(x=int(right.sum())))
    for value, is_right in zip(score.tolist(), right.tolist(), strict=True):
        made.add("x", value, is_right=is_right)
    return made


def test_few_decisions_reach_no_precision() -> None:
    found = find_threshold(decisions("+" * 9, gold=9), "x", precision=0.9)
    assert not found.reached
    assert found.value == 1


def test_threshold_of_f1() -> None:
    found = find_threshold(decisions("++++----", gold=4), "x", precision=None)
    assert (found.decided, found.precision, found.recall) == (4, 1, 1)
    assert 0.995 < found.value < 0.996
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
