"""Which window a subword is read from, where several hold it."""

from __future__ import annotations

import numpy as np

from ..types import Ints
from .batches import WindowBatch
from .windows import ragged_arange

NO_WINDOW = -1


def owning_windows(batch: WindowBatch, text: Ints, subword: Ints) -> Ints:
    """For some subwords, the window in which each stands farthest from an edge; NO_WINDOW where none holds it.

    text, subword: (n,) the text, and the number among the subwords of its windowed segment.
    The start and end of a text are no edges, as nothing was cut off there. Of two windows alike, the left one.
    """
    windows = batch.windows
    sizes = windows.stop - windows.start
    length = np.zeros(int(windows.text[-1]) + 1 if len(windows) else 0, dtype=np.int64)
    np.maximum.at(length, windows.text, windows.stop)
    base = np.cumsum(length) - length
    window = np.repeat(np.arange(len(windows)), sizes)
    position = ragged_arange(windows.start, sizes)
    far = int(length.max(initial=0)) + 1
    left = np.where(windows.start[window] == 0, far, position - windows.start[window])
    right = np.where(windows.stop[window] == length[windows.text[window]], far, windows.stop[window] - 1 - position)
    best_last = np.lexsort((-window, np.minimum(left, right)))
    owner = np.full(int(length.sum()), NO_WINDOW, dtype=np.int64)
    owner[(base[windows.text[window]] + position)[best_last]] = window[best_last]
    held = subword < length[text]
    return np.where(held, owner[np.where(held, base[text] + subword, 0)] if len(owner) else NO_WINDOW, NO_WINDOW)
