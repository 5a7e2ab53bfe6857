"""The window that a subword or a span is read from, of all that contain it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..types import Ints
from .batches import WindowBatch
from .windows import Windows, WindowSpans

NO_WINDOW = -1
NOT_WHOLE = -1


def owning_windows(batch: WindowBatch, text: Ints, subword: Ints) -> Ints:
    """Return the window in which each subword stands farthest from an edge, (n,); NO_WINDOW if none contains it.

    text, subword: (n,) the text, and the subword by number in the windowed segment of that text.
    The start and end of a text are no edges, as nothing is cut off there. Of two equal windows, the left one is taken.
    """
    return _owners(batch.windows, _Spans(text, subword, subword))


def place_spans(batch: WindowBatch, text: Ints, first: Ints, last: Ints) -> WindowBatch:
    """Return the batch with spans of subwords, each in the window that contains it whole, farthest from an edge.

    text, first, last: (n,) in any order, the text, and the first and last subword (inclusive) by number in the windowed
    segment of that text. Edges are those of `owning_windows`. A span that no window contains whole is left out.
    """
    window = _owners(batch.windows, _Spans(text, first, last))
    placed = np.flatnonzero(window != NO_WINDOW)
    index = placed[np.argsort(window[placed], kind="stable")]
    return replace(batch, spans=WindowSpans(window[index], first[index], last[index], index))


@dataclass(frozen=True, slots=True)
class _Spans:
    """Spans of subwords: (n,) text, first and last subword of each."""

    text: Ints
    first: Ints
    last: Ints


def _owners(windows: Windows, spans: _Spans) -> Ints:
    if not len(windows):
        return np.full(len(spans.text), NO_WINDOW, dtype=np.int64)
    # From one window of a text to the next, a span's distance from the left edge falls and that from the right edge
    # grows. So the smaller of the two is largest just before or just after the one is no longer above the other. The
    # windows at the start and end of a text come out best there without a rule of their own.
    scale = 2 * int(windows.stop.max()) + 2  # keeps the texts apart
    centers = windows.text * scale + windows.start + windows.stop - 1
    crossing = np.searchsorted(centers, spans.text * scale + spans.first + spans.last)
    before, after = np.maximum(crossing - 1, 0), np.minimum(crossing, len(windows) - 1)
    distance_before, distance_after = (_edge_distance(windows, window, spans) for window in (before, after))
    owner = np.where(distance_before >= distance_after, before, after)
    return np.where(np.maximum(distance_before, distance_after) == NOT_WHOLE, NO_WINDOW, owner)


def _edge_distance(windows: Windows, window: Ints, spans: _Spans) -> Ints:
    """Return how far each span stands from the nearer edge of a window, (n,); NOT_WHOLE if it isn't in it whole."""
    left, right = spans.first - windows.start[window], windows.stop[window] - 1 - spans.last
    in_window = (windows.text[window] == spans.text) & (left >= 0) & (right >= 0)
    return np.where(in_window, np.minimum(left, right), NOT_WHOLE)
