"""Whether a server's answer is that of the pipeline itself."""

from __future__ import annotations

from typing import Any


def same(answer: Any, expected: Any, tolerance: float) -> bool:
    """Return whether two answers say the same. tolerance: by how much numbers may differ.

    Where two labels are equally probable within the tolerance, either may be the best.
    """
    if isinstance(expected, float) and isinstance(answer, float):
        return abs(answer - expected) <= tolerance
    if isinstance(expected, dict) and isinstance(answer, dict) and answer.keys() == expected.keys():
        differing = [key for key in expected if not same(answer[key], expected[key], tolerance)]
        return not differing or (set(differing) <= {"label", "score"} and _is_tie(answer, expected, tolerance))
    if isinstance(expected, list) and isinstance(answer, list):
        return len(answer) == len(expected) and all(map(same, answer, expected, [tolerance] * len(answer)))
    return type(answer) is type(expected) and answer == expected


def _is_tie(answer: dict[str, Any], expected: dict[str, Any], tolerance: float) -> bool:
    """Return whether the labels of two answers are equally probable, and the answer has the score of its own."""
    scores = expected.get("scores", {})
    if answer["label"] not in scores or expected["label"] not in scores:
        return False
    score = scores[answer["label"]]
    return same(answer["score"], score, tolerance) and same(score, scores[expected["label"]], 2 * tolerance)
