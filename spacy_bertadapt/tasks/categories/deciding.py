"""Which labels hold by their scores: those that reach their thresholds."""

from __future__ import annotations

from collections.abc import Mapping

from ...component.calibration import Calibration

DEFAULT_THRESHOLD = 0.5


def decide_one(scores: Mapping[str, float], calibration: Calibration) -> str | None:
    """Return the label with the highest score; None if that is below its threshold, or there are no scores."""
    best = max(scores, key=scores.__getitem__, default=None)
    return best if best is not None and calibration.reaches(best, scores[best]) else None


def decide_each(scores: Mapping[str, float], calibration: Calibration, default: float | None) -> list[str]:
    """Return the labels whose scores reach their thresholds, the highest score first.

    default: the threshold of labels without one; None: 0.5.
    """
    usual = DEFAULT_THRESHOLD if default is None else default
    holding = [label for label, score in scores.items() if calibration.reaches(label, score, usual)]
    return sorted(holding, key=scores.__getitem__, reverse=True)
