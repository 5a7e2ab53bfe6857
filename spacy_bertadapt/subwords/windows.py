"""Windows: the pieces of a long text that fit the model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import DoesNotFit, Errors
from ..types import Ints


@dataclass(frozen=True, slots=True)
class Windows:
    """Which subwords of which text stand in each window.

    text: (windows,) index of the text. start, stop: (windows,) range of its subwords.
    Windows stand in text order, and every text has at least one.
    """

    text: Ints
    start: Ints
    stop: Ints

    def __len__(self) -> int:
        return len(self.text)


def cut_windows(lengths: Ints, capacity: Ints, *, stride: int = 0, limit: int | None = None) -> Windows:
    """Cut texts into windows as Transformers does: full windows from the left, the rest in the last.

    lengths: (texts,) subwords of each text. capacity: (texts,) subwords that fit beside the special tokens.
    stride: subwords shared by two neighbouring windows. limit: at most so many windows a text, evenly spaced.
    Raises DoesNotFit if a text does not fit in one window, and its windows would not move on.
    """
    step = capacity - stride
    stuck = (lengths > capacity) & (step <= 0)
    if stuck.any():
        first = int(np.flatnonzero(stuck)[0])
        raise DoesNotFit(Errors.E201.format(capacity=int(capacity[first]), stride=stride), first)
    counts = 1 + np.maximum(0, -(-(lengths - capacity) // np.maximum(step, 1)))
    kept = counts if limit is None else np.minimum(counts, limit)
    text = np.repeat(np.arange(len(lengths)), kept)
    number = _evenly_spaced(counts, kept)
    start = number * step[text]
    return Windows(text, start, np.minimum(start + capacity[text], lengths[text]))


def _evenly_spaced(counts: Ints, kept: Ints) -> Ints:
    """For every text, `kept` of its window numbers 0 … counts - 1, the first and the last among them."""
    position = ragged_arange(np.zeros_like(kept), kept)
    gaps = np.repeat(np.maximum(kept - 1, 1), kept)
    return (position * np.repeat(counts - 1, kept) + gaps // 2) // gaps


def ragged_arange(starts: Ints, lengths: Ints) -> Ints:
    """The ranges `start … start + length - 1`, one after the other."""
    ends = np.cumsum(lengths)
    total = int(ends[-1]) if len(ends) else 0
    return np.arange(total) + np.repeat(starts - (ends - lengths), lengths)
