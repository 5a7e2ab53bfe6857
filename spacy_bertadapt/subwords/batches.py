"""Windows of a batch of texts over one pool of subwords, and padded batches made from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..types import Bools, Ints, PaddedBatch, Subwords
from .budget import cut_by_budget
from .special_tokens import Piece, Template, special_count
from .windows import Windows, WindowSpans, cut_windows, ragged_arange

GROUPS_LEFT_AS_THEY_ARE = 3


@dataclass(frozen=True, slots=True)
class WindowBatch:
    """All windows of a batch of texts or pairs, over one pool of subwords.

    windows: the range of the windowed segment in each window.
    pool, pool_types: (pool,) the subwords of all segments and the special tokens, and their token types.
    starts, counts: (windows, pieces) the ranges of the pool that make up each window, left to right.
    windowed_piece: the number of the piece that is the windowed segment.
    pad_id: the vocabulary index that fills shorter rows.
    spans: spans of subwords in the windows, as `place_spans` sets them; None where no spans are scored.
    """

    windows: Windows
    pool: Ints
    pool_types: Ints
    starts: Ints
    counts: Ints
    windowed_piece: int
    pad_id: int
    spans: WindowSpans | None = None

    def __len__(self) -> int:
        return len(self.windows)

    @property
    def lengths(self) -> Ints:
        """(windows,) subwords of each window, special tokens included."""
        return self.counts.sum(axis=1)

    @property
    def first_column(self) -> Ints:
        """(windows,) the column in which the windowed segment begins."""
        return self.counts[:, : self.windowed_piece].sum(axis=1)

    def columns(self, windows: Ints, subwords: Ints) -> Ints:
        """Return the column of each subword in the row of its window, (n,).

        windows: (n,) numbers of windows. subwords: (n,) numbers in the windowed segment of the window's text.
        """
        return self.first_column[windows] + subwords - self.windows.start[windows]

    def padded(self, rows: Ints, *, width: int | None = None) -> PaddedBatch:
        """Return some windows as a padded batch, with their spans.

        rows: (rows,) numbers of windows, in any order; one may come several times.
        width: columns of the batch; None: those of the longest row.
        """
        counts = self.counts[rows]
        lengths = counts.sum(axis=1)
        mask = np.arange(width or lengths.max()) < lengths[:, None]
        source = ragged_arange(self.starts[rows].ravel(), counts.ravel())
        return PaddedBatch(
            input_ids=_scatter(self.pool[source], mask, self.pad_id),
            mask=None if mask.all() else mask,
            token_type_ids=_scatter(self.pool_types[source], mask, 0) if self.pool_types.any() else None,
            spans=None if self.spans is None else self._places(self.spans, rows),
        )

    def spans_of(self, rows: Ints) -> Ints:
        """Return the spans in some windows, (n,), as numbers into `spans`, in the order of `padded(rows).spans`."""
        return np.zeros(0, dtype=np.int64) if self.spans is None else self.spans.in_windows(rows)[0]

    def _places(self, spans: WindowSpans, rows: Ints) -> Ints:
        number, row = spans.in_windows(rows)
        window = spans.window[number]
        first, last = self.columns(window, spans.first[number]), self.columns(window, spans.last[number])
        return np.stack([row, first, last], axis=1)


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
    """Return the windows of texts (one segment each) or pairs (two).

    segments: one sequence of Subwords for each segment of the template, each with one entry a text.
    max_length: subwords of a window at most, special tokens included. stride: overlap in subwords.
    windowed: the segment that is cut; the other stands whole in every window. limit: windows a text at most.
    Raises DoesNotFit where the whole segment leaves no room for the windowed one.
    """
    lengths = [np.array([len(subwords) for subwords in segment], dtype=np.int64) for segment in segments]
    whole = sum((count for number, count in enumerate(lengths) if number != windowed), np.zeros_like(lengths[0]))
    capacity = max_length - special_count(template) - whole
    windows = cut_windows(lengths[windowed], capacity, stride=stride, limit=limit)
    pools = [_piece_ids(piece, segments) for piece in template]
    sizes = np.array([len(ids) for ids in pools], dtype=np.int64)
    bases = (np.cumsum(sizes) - sizes).tolist()
    places = zip(template, bases, strict=True)
    ranges = [_piece_ranges(piece, base, windows, lengths, windowed) for piece, base in places]
    return WindowBatch(
        windows,
        np.concatenate(pools),
        np.repeat([piece.type_id for piece in template], sizes),
        starts=np.stack([starts for starts, _ in ranges], axis=1),
        counts=np.stack([counts for _, counts in ranges], axis=1),
        windowed_piece=[piece.segment for piece in template].index(windowed),
        pad_id=pad_id,
    )


def group_by_length(lengths: Ints, budget: int) -> list[Ints]:
    """Return groups of rows whose padded size stays within a budget, the longest rows first.

    lengths: (rows,) subwords of each row. budget: rows times longest row, at most; a longer single row stands alone.
    Groups are numbers of rows, and every row is in exactly one of them. Where there are more than three groups, the
    last repeats its last row until it is a quarter, a half or three quarters of a full one: oneDNN keeps compiled code
    and memory for every shape that it has seen lately, so few shapes should come about.
    """
    order = np.argsort(-lengths, kind="stable")
    sizes = np.maximum(1, lengths[order])
    runs = list(cut_by_budget(sizes, budget))
    groups = [order[run] for run in runs]
    if len(groups) > GROUPS_LEFT_AS_THEY_ARE:
        full, rows = budget // int(sizes[runs[-1].start]), len(groups[-1])
        quarter = max(1, full // 4)
        wanted = min(-(-rows // quarter) * quarter, max(rows, full))
        groups[-1] = np.pad(groups[-1], (0, wanted - rows), mode="edge")
    return groups


def recurring_width(longest: Ints, limit: int) -> Ints:
    """Return the width to which rows are padded so that few widths are in use, (groups,).

    longest: (groups,) subwords of the longest row; the width is at most a sixteenth above it.
    limit: the widest row that the encoder takes.
    oneDNN compiles code and keeps memory for every new shape, forward and backward: shapes that come back save both.
    """
    step = 1 << np.maximum(0, np.log2(np.maximum(1, longest)).astype(np.int64) - 4)
    return np.minimum(-(-longest // step) * step, np.maximum(limit, longest))


def _piece_ids(piece: Piece, segments: Sequence[Sequence[Subwords]]) -> Ints:
    """Return the subwords of a piece for the pool: the special tokens once, or a segment of all texts."""
    if piece.segment is None:
        return piece.ids
    return np.concatenate([np.zeros(0, dtype=np.int64), *(subwords.ids for subwords in segments[piece.segment])])


def _piece_ranges(
    piece: Piece, base: int, windows: Windows, lengths: Sequence[Ints], windowed: int
) -> tuple[Ints, Ints]:
    """Return the range of the pool that a piece has in each window: (windows,) starts and counts.

    base: where the piece begins in the pool. lengths: (texts,) subwords of each text, one array a segment.
    """
    if piece.segment is None:
        return np.full(len(windows), base), np.full(len(windows), len(piece.ids))
    size = lengths[piece.segment]
    start = base + (np.cumsum(size) - size)[windows.text]
    if piece.segment == windowed:
        return start + windows.start, windows.stop - windows.start
    return start, size[windows.text]


def _scatter(values: Ints, mask: Bools, fill: int) -> Ints:
    rows = np.full(mask.shape, fill, dtype=np.int64)
    rows[mask] = values
    return rows
