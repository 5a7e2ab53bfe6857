"""Answers out of logits as Transformers' example for SQuAD (`run_qa.py`) defines them, written anew from that."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

Offsets = Sequence[tuple[int, int] | None]


class Candidate(NamedTuple):
    """Characters of the context, and the sum of two logits. No answer is the empty range."""

    start: int
    stop: int
    score: float


def squad_answers(
    windows: Sequence[Offsets],
    start_logits: Sequence[np.ndarray],
    end_logits: Sequence[np.ndarray],
    *,
    n_best: int = 20,
    max_length: int = 30,
) -> list[Candidate]:
    """Return the best answers to one question, best first, "no answer" among them whatever its place.

    windows: characters of each column of each window; None outside of the context. n_best: starts and ends that are
    combined in a window, and answers in all. max_length: of an answer, in subwords.
    """
    candidates, null = [], float("inf")
    for offsets, starts, ends in zip(windows, start_logits, end_logits, strict=True):
        null = min(null, float(starts[0] + ends[0]))
        inside = np.array([characters is not None for characters in offsets])
        best = [np.argsort(-logits[: len(offsets)], kind="stable")[:n_best] for logits in (starts, ends)]
        for first in best[0][inside[best[0]]]:
            lasts = best[1][inside[best[1]] & (best[1] >= first) & (best[1] < first + max_length)]
            for last in lasts:
                candidates.append(Candidate(offsets[first][0], offsets[last][1], float(starts[first] + ends[last])))
    ranked = sorted(candidates, key=lambda candidate: -candidate.score)[:n_best]
    return sorted([*ranked, Candidate(0, 0, null)], key=lambda candidate: -candidate.score)
