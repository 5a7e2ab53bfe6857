"""Windows: ranges of a long text that fit the model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import DoesNotFit, Errors
from ..types import Ints


@dataclass(frozen=True, slots=True)
class Windows:
    """Windows over texts: the range of subwords in each.

    text: (windows,) number of the text. start, stop: (windows,) range of its subwords.
    Windows are in the order of the texts and of their subwords, and every text has at least one.
    """

    text: Ints
    start: Ints
    stop: Ints

    def __len__(self) -> int:
        return len(self.text)


@dataclass(frozen=True, slots=True)
class WindowSpans:
    """Spans of subwords, each in the one window that it is read from.

    window: (spans,) number of the window, ascending.
    first, last: (spans,) first and last subword, by number in the text.
    index: (spans,) number of the span in the order in which the caller gave them.
    """

    window: Ints
    first: Ints
    last: Ints
    index: Ints

    def __len__(self) -> int:
        return len(self.window)

    def in_windows(self, windows: Ints) -> tuple[Ints, Ints]:
        """Return the spans in some windows, window by window.

        windows: (rows,) numbers of windows, in any order; the spans of a window that comes twice come twice.
        Returns (n,) numbers of spans, and (n,) the row of each: its place in `windows`.
        """
        begin = np.searchsorted(self.window, windows, side="left")
        counts = np.searchsorted(self.window, windows, side="right") - begin
        return ragged_arange(begin, counts), np.repeat(np.arange(len(windows)), counts)


def cut_windows(lengths: Ints, capacity: Ints, *, stride: int = 0, limit: int | None = None) -> Windows:
    """Cut texts into windows as Transformers does: full windows from the left, the rest in the last.

    lengths: (texts,) subwords of each text.
    capacity: (texts,) subwords that fit into a window beside all else that stands in it.
    stride: subwords shared by two neighbouring windows.
    limit: windows a text at most, evenly spaced; None: no limit.
    Raises DoesNotFit for a text that needs several windows where `capacity` is no larger than `stride`.
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
    """Return `kept` of each text's window numbers 0 … counts - 1, the first and the last among them."""
    position = ragged_arange(np.zeros_like(kept), kept)
    gaps = np.repeat(np.maximum(kept - 1, 1), kept)
    return (position * np.repeat(counts - 1, kept) + gaps // 2) // gaps


def ragged_arange(starts: Ints, lengths: Ints) -> Ints:
    """Return the ranges `start … start + length - 1` as one array, one after the other.

    starts, lengths: (ranges,) start and length of each.
    """
    ends = np.cumsum(lengths)
    total = int(ends[-1]) if len(ends) else 0
    return np.arange(total) + np.repeat(starts - (ends - lengths), lengths)
