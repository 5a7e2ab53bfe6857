"""Padded batches out of windows, built by length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..types import Ints, PaddedBatch, Subwords
from .template import Template, special_count
from .windows import Windows, cut_windows, ragged_arange

GROUPS_LEFT_AS_THEY_ARE = 3


@dataclass(frozen=True, slots=True)
class WindowBatch:
    """All windows of a batch of texts or pairs, over one flat pool of subwords.

    windows: which range of the windowed segment stands in each.
    pool, pool_types: (pool,) subwords of all segments and special tokens, and their token types.
    starts, counts: (windows, pieces) the ranges of the pool that make up each window, left to right.
    windowed_piece: which of the pieces is the windowed segment. pad_id: what fills shorter rows.
    """

    windows: Windows
    pool: Ints
    pool_types: Ints
    starts: Ints
    counts: Ints
    windowed_piece: int
    pad_id: int

    def __len__(self) -> int:
        return len(self.windows)

    @property
    def lengths(self) -> Ints:
        """(windows,) subwords of each window, special tokens included."""
        return self.counts.sum(axis=1)

    @property
    def first_column(self) -> Ints:
        """(windows,) where the windowed segment begins in each row."""
        return self.counts[:, : self.windowed_piece].sum(axis=1)

    def columns(self, windows: Ints, subwords: Ints) -> Ints:
        """Where subwords of the windowed segment, by number in their text, stand in the rows of some windows."""
        return self.first_column[windows] + subwords - self.windows.start[windows]

    def padded(self, rows: Ints, *, width: int | None = None) -> PaddedBatch:
        """The rows as one padded batch, in the order given. width: of the rows; None: the longest one's."""
        counts = self.counts[rows]
        lengths = counts.sum(axis=1)
        mask = np.arange(width or lengths.max()) < lengths[:, None]
        source = ragged_arange(self.starts[rows].ravel(), counts.ravel())
        return PaddedBatch(
            input_ids=_scatter(self.pool[source], mask, self.pad_id),
            mask=None if mask.all() else mask,
            token_type_ids=_scatter(self.pool_types[source], mask, 0) if self.pool_types.any() else None,
        )


def window_batch(
    segments: Sequence[Sequence[Subwords]],
    template: Template,
    *,
    max_length: int,
    stride: int = 0,
    windowed: int = 0,
    limit: int | None = None,
    pad_id: int = 0,
) -> WindowBatch:
    """Lay out windows over texts (one segment each) or pairs (two).

    segments: one sequence of Subwords a segment of the template, each with one entry a text.
    max_length: subwords of a window at most, special tokens included. stride: overlap in subwords.
    windowed: the segment that is cut; the other stands whole in every window. limit: windows a text at most.
    Raises DoesNotFit where the whole segment leaves no room for the windowed one.
    """
    lengths = [np.array([len(subwords) for subwords in segment], dtype=np.int64) for segment in segments]
    fixed = sum((count for number, count in enumerate(lengths) if number != windowed), np.zeros_like(lengths[0]))
    capacity = max_length - special_count(template) - fixed
    windows = cut_windows(lengths[windowed], capacity, stride=stride, limit=limit)
    pool, types, starts, counts = [], [], [], []
    base = 0
    for piece in template:
        if piece.segment is None:
            ids = piece.ids
            start, count = np.full(len(windows), base), np.full(len(windows), len(ids))
        else:
            size = lengths[piece.segment]
            ids = np.concatenate([subwords.ids for subwords in segments[piece.segment]] or [piece.ids])
            start, count = base + (np.cumsum(size) - size)[windows.text], size[windows.text]
            if piece.segment == windowed:
                start, count = start + windows.start, windows.stop - windows.start
        pool.append(ids)
        types.append(np.full(len(ids), piece.type_id))
        starts.append(start)
        counts.append(count)
        base += len(ids)
    pieces = [piece.segment for piece in template]
    return WindowBatch(
        windows,
        np.concatenate(pool),
        np.concatenate(types),
        np.stack(starts, 1),
        np.stack(counts, 1),
        windowed_piece=pieces.index(windowed),
        pad_id=pad_id,
    )


def group_by_length(lengths: Ints, budget: int) -> list[Ints]:
    """Cut rows into groups whose padded size stays within a budget, the longest rows first.

    lengths: (rows,) subwords a row. budget: rows times longest row, at most; a longer single row stands alone.
    Returns indices into `lengths`; every row is in exactly one group. Where there are several groups, the last repeats
    its last row until it is a quarter, a half … of a full one: oneDNN keeps compiled code and memory for every shape
    that it has seen lately, and so the same ones come back.
    """
    order = np.argsort(-lengths, kind="stable")
    groups: list[Ints] = []
    start, size = 0, 1
    while start < len(order):
        size = max(1, budget // max(1, int(lengths[order[start]])))
        groups.append(order[start : start + size])
        start += size
    if len(groups) > GROUPS_LEFT_AS_THEY_ARE:
        quarter = max(1, size // 4)
        groups[-1] = np.pad(groups[-1], (0, -len(groups[-1]) % quarter), mode="edge")
    return groups


def recurring_width(longest: Ints, limit: int) -> Ints:
    """The width to pad rows to so that few widths are in use: at most a sixteenth above the longest row's.

    longest: (groups,) subwords of the longest row. limit: the widest that the encoder takes.
    oneDNN compiles code and keeps memory for every new shape, forward and backward: shapes that come back save both.
    """
    step = 1 << np.maximum(0, np.log2(np.maximum(1, longest)).astype(np.int64) - 4)
    return np.minimum(-(-longest // step) * step, np.maximum(limit, longest))


def _scatter(values: Ints, mask: np.ndarray, fill: int) -> Ints:
    rows = np.full(mask.shape, fill, dtype=np.int64)
    rows[mask] = values
    return rows
