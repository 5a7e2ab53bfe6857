"""Calibration and thresholds."""

from __future__ import annotations

import numpy as np
import pytest

from spacy_bertadapt.calibration.measures import expected_calibration_error, reliability
from spacy_bertadapt.reporting.thresholds import coverage_curve, threshold_curve


def test_calibration_is_the_mean_distance_of_confidence_and_accuracy() -> None:
    confidence = np.array([0.95, 0.95, 0.95, 0.95, 0.55, 0.55, np.nan])
    correct = np.array([1, 1, 1, 0, 1, 0, 1], dtype=bool)
    found = reliability(confidence, correct, bins=10)
    assert found.counts.tolist() == [0, 0, 0, 0, 0, 2, 0, 0, 0, 4]
    assert found.accuracy[[5, 9]] == pytest.approx([0.5, 0.75])
    assert found.error == pytest.approx((4 * 0.2 + 2 * 0.05) / 6)


def test_the_ends_of_the_scale_have_a_bin() -> None:
    found = reliability(np.array([0.0, 1.0]), np.array([False, True]), bins=5)
    assert found.counts.tolist() == [1, 0, 0, 0, 1]
    assert found.error == 0
    assert np.isnan(expected_calibration_error(np.zeros(0), np.zeros(0, dtype=bool)))


def test_threshold_curve_counts_what_is_above() -> None:
    curve = threshold_curve(np.array([0.9, 0.6, 0.4]), np.array([True, False, True]), gold=4)
    at = np.searchsorted(curve.thresholds, [0.4, 0.5, 0.61])
    assert curve.recall[at] == pytest.approx([0.5, 0.25, 0.25])
    assert curve.precision[at] == pytest.approx([2 / 3, 0.5, 1])
    assert np.isnan(curve.precision[-1])
    assert curve.f[curve.best] == pytest.approx(4 / 7)
    assert curve.thresholds[curve.best] <= 0.4


def test_coverage_takes_the_most_confident_first() -> None:
    confidence = np.linspace(0, 1, 100)
    covered, quality = coverage_curve(confidence, (confidence > 0.5).astype(float))
    assert covered[-1] == 1
    assert quality[0] == 1
    assert quality[-1] == pytest.approx(0.5)
