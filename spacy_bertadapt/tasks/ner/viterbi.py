"""The most probable sequence of tags among those that are possible (Viterbi, 1967), for many sequences at once."""

from __future__ import annotations

import numpy as np

from ...types import Bools, Floats, Ints

IMPOSSIBLE = -1e9


def best_paths(scores: Floats, lengths: Ints, start: Bools, follows: Bools, end: Bools) -> Ints:
    """The best possible path of every sequence.

    scores: (sequences, steps, tags) log-probabilities, padded on the right. lengths: (sequences,) steps, 1 or more.
    start, end: (tags,) whether a sequence may start or end with a tag. follows: (tags, tags) whether the second may
    follow the first. Some path must be possible.
    Returns (sequences, steps) tags; what lies beyond a sequence's length is 0. Of paths alike, the lower tags.
    """
    n, steps, n_tags = scores.shape
    transition = np.where(follows, 0.0, IMPOSSIBLE)
    best = scores[:, 0].astype(np.float64) + np.where(start, 0.0, IMPOSSIBLE)
    came_from = np.zeros((steps, n, n_tags), dtype=np.int16)
    finished = best.copy()
    for step in range(1, steps):
        reached = best[:, :, None] + transition
        came_from[step] = reached.argmax(axis=1)
        best = np.take_along_axis(reached, came_from[step][:, None].astype(np.int64), axis=1)[:, 0] + scores[:, step]
        finished = np.where((lengths > step)[:, None], best, finished)
    paths = np.zeros((n, steps), dtype=np.int64)
    row = np.arange(n)
    tag = (finished + np.where(end, 0.0, IMPOSSIBLE)).argmax(axis=1)
    for step in range(steps - 1, -1, -1):
        inside = lengths > step
        paths[inside, step] = tag[inside]
        tag = np.where(inside, came_from[step, row, tag], tag)
    return paths
