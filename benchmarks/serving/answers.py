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
        keys = answer.keys()
        if "scores" in keys and "label" in keys and same(answer["scores"], expected["scores"], tolerance):
            scores = expected["scores"]
            best = scores[answer["label"]] >= scores[expected["label"]] - 2 * tolerance
            return best and answer["error"] == expected["error"]
        return all(same(answer[key], expected[key], tolerance) for key in keys)
    if isinstance(expected, list) and isinstance(answer, list):
        return len(answer) == len(expected) and all(map(same, answer, expected, [tolerance] * len(answer)))
    return type(answer) is type(expected) and answer == expected
