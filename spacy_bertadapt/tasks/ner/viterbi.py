"""The most probable sequence of tags among the possible ones (Viterbi, 1967), for many sequences at once."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ...subwords.budget import cut_by_budget
from ...types import Bools, Floats, Ints

IMPOSSIBLE = -1e9
PADDING = -1
LARGEST_BATCH = 2**16  # tokens with padding
LARGEST_STEP = 2**20  # pairs of tags that are looked at together: of each text in the batch, all of them


def decode_texts(scores: Floats, text: Ints, start: Bools, follows: Bools, end: Bools) -> Ints:
    """Return the best tag of each token; in a text where these are impossible together, those of its best path.

    scores: (tokens, tags) log-probabilities. text: (tokens,) the number of each token's text, ascending.
    start, follows, end: as in `best_paths`.
    Returns (tokens,) tags.
    """
    tags = scores.argmax(axis=-1)
    if not len(tags):
        return tags
    begins = np.diff(text, prepend=-1) != 0
    ends = np.append(begins[1:], True)
    wrong = np.where(begins, ~start[tags], ~follows[np.roll(tags, 1), tags])
    wrong |= ends & ~end[tags]
    for tokens in _padded_texts(np.unique(text[wrong]), text, most=max(1, LARGEST_STEP // follows.size)):
        inside = tokens != PADDING
        tags[tokens[inside]] = best_paths(scores[tokens], inside.sum(axis=1), start, follows, end)[inside]
    return tags


def best_paths(scores: Floats, lengths: Ints, start: Bools, follows: Bools, end: Bools) -> Ints:
    """Return the best possible path of each sequence.

    scores: (sequences, steps, tags) log-probabilities, padded on the right.
    lengths: (sequences,) the number of steps of each sequence, 1 or more.
    start, end: (tags,) whether a sequence may start or end with a tag.
    follows: (tags, tags) whether the second tag may follow the first. At least one path must be possible.
    Returns (sequences, steps) tags, 0 beyond the end of a sequence. Of equal paths, the one with the lower tags wins.
    """
    n, steps, n_tags = scores.shape
    transition = np.where(follows, 0.0, IMPOSSIBLE)
    best = scores[:, 0].astype(np.float64) + np.where(start, 0.0, IMPOSSIBLE)
    previous_tag = np.zeros((steps, n, n_tags), dtype=np.int16)
    finished = best.copy()
    for step in range(1, steps):
        scores_by_previous = best[:, :, None] + transition
        previous_tag[step] = scores_by_previous.argmax(axis=1)
        best = np.take_along_axis(scores_by_previous, previous_tag[step][:, None].astype(np.int64), axis=1)[:, 0]
        best = best + scores[:, step]
        finished = np.where((lengths > step)[:, None], best, finished)
    last = (finished + np.where(end, 0.0, IMPOSSIBLE)).argmax(axis=1)
    return _walk_back(previous_tag, last, lengths)


def _walk_back(previous_tag: NDArray[np.int16], last: Ints, lengths: Ints) -> Ints:
    """Return the paths that end with the last tags, (sequences, steps). previous_tag: (steps, sequences, tags)."""
    steps, n, _ = previous_tag.shape
    paths = np.zeros((n, steps), dtype=np.int64)
    row = np.arange(n)
    tag = last
    for step in range(steps - 1, -1, -1):
        inside = lengths > step
        paths[inside, step] = tag[inside]
        tag = np.where(inside, previous_tag[step, row, tag], tag)
    return paths


def _padded_texts(texts: Ints, text: Ints, *, most: int) -> Iterator[Ints]:
    """Yield the tokens of some texts as batches of rows of similar length: (texts, tokens), PADDING at the end.

    most: texts of a batch, at most.
    """
    first, stop = np.searchsorted(text, texts), np.searchsorted(text, texts, side="right")
    lengths = stop - first
    order = np.argsort(lengths, kind="stable")
    for run in cut_by_budget(lengths[order], LARGEST_BATCH):
        for part in range(run.start, run.stop, most):
            rows = order[part : min(part + most, run.stop)]
            column = np.arange(lengths[rows].max())
            yield np.where(column < lengths[rows, None], first[rows, None] + column, PADDING)
