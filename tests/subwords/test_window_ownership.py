"""The window that a subword or a span is read from, and the place of spans in padded batches."""

from __future__ import annotations

from time import perf_counter

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from spacy_bertadapt.subwords.batches import WindowBatch, window_batch
from spacy_bertadapt.subwords.special_tokens import Piece, Template
from spacy_bertadapt.subwords.window_ownership import NO_WINDOW, owning_windows, place_spans
from spacy_bertadapt.types import Ints, Subwords

Span = tuple[int, int, int]
"""The text, the first and the last subword."""

NOTHING = np.zeros(0, dtype=np.int64)
CLS, SEP, PAD = 101, 102, 103
TEXT: Template = (Piece(None, np.array([CLS]), 0), Piece(0, NOTHING, 0), Piece(None, np.array([SEP]), 0))
PAIR: Template = (*TEXT, Piece(1, NOTHING, 1), Piece(None, np.array([SEP]), 1))
LENGTHS = st.lists(st.integers(0, 40), min_size=1, max_size=4)
LAYOUTS = st.tuples(LENGTHS, st.integers(3, 12), st.integers(0, 8), st.one_of(st.none(), st.integers(1, 4)))


def subwords_of(lengths: list[int]) -> list[Subwords]:
    """Texts whose ids tell text and number of each subword: 1000 * (text + 1) + number."""
    return [Subwords(np.arange(size) + 1000 * (number + 1)) for number, size in enumerate(lengths)]


def lay_out(lengths: list[int], capacity: int, stride: int, limit: int | None = None) -> WindowBatch:
    stride = min(stride, capacity - 1)
    return window_batch([subwords_of(lengths)], TEXT, max_length=capacity + 2, stride=stride, limit=limit, pad_id=PAD)


def lay_out_pairs(lengths: list[int], capacity: int, stride: int, limit: int | None = None) -> WindowBatch:
    """Pairs whose second text is cut into windows; the first has two subwords."""
    segments = [[Subwords(np.array([7, 8]))] * len(lengths), subwords_of(lengths)]
    sizes = {"max_length": capacity + 5, "stride": min(stride, capacity - 1), "windowed": 1}
    return window_batch(segments, PAIR, limit=limit, pad_id=PAD, **sizes)


def plain_owner(batch: WindowBatch, span: Span) -> int:
    """The first of the windows that hold a span whole in which it stands farthest from an edge."""
    text, first, last = span
    windows = list(
        zip(batch.windows.text.tolist(), batch.windows.start.tolist(), batch.windows.stop.tolist(), strict=True)
    )
    length = max((stop for of, _, stop in windows if of == text), default=0)
    best, owner = -1.0, NO_WINDOW
    for number, (of, start, stop) in enumerate(windows):
        if of == text and start <= first and last < stop:
            left = np.inf if start == 0 else first - start
            right = np.inf if stop == length else stop - 1 - last
            if min(left, right) > best:
                best, owner = min(left, right), number
    return owner


def columns_of(spans: list[Span]) -> tuple[Ints, Ints, Ints]:
    rows = np.array(spans, dtype=np.int64).reshape(-1, 3)
    return rows[:, 0], rows[:, 1], rows[:, 2]


def draw_spans(data: st.DataObject, lengths: list[int]) -> list[Span]:
    """Spans in any order, also alike ones, and longer ones than a window."""
    places = [(text, number) for text, size in enumerate(lengths) for number in range(size)]
    if not places:
        return []
    starts = data.draw(st.lists(st.sampled_from(places), max_size=20))
    return [(text, first, data.draw(st.integers(first, lengths[text] - 1))) for text, first in starts]


@given(layout=LAYOUTS)
@example(layout=([0], 3, 0, None))
@example(layout=([7, 30], 5, 4, None))
def test_a_subword_is_read_from_the_window_of_the_definition(layout: tuple) -> None:
    lengths = layout[0]
    batch = lay_out(*layout)
    text = np.repeat(np.arange(len(lengths)), lengths)
    subword = np.concatenate([np.arange(size) for size in lengths])
    owner = owning_windows(batch, text, subword)
    pairs = zip(text.tolist(), subword.tolist(), strict=True)
    assert owner.tolist() == [plain_owner(batch, (number, place, place)) for number, place in pairs]
    held = np.flatnonzero(owner != NO_WINDOW)
    if len(held):
        rows = batch.padded(np.arange(len(batch)))
        read = rows.input_ids[owner[held], batch.columns(owner[held], subword[held])]
        assert read.tolist() == (1000 * (text + 1) + subword)[held].tolist()


def test_subwords_in_no_window_have_none() -> None:
    batch = lay_out([30], capacity=5, stride=0, limit=2)
    owner = owning_windows(batch, np.zeros(30, dtype=np.int64), np.arange(30))
    assert owner.tolist() == [0] * 5 + [NO_WINDOW] * 20 + [1] * 5


def test_a_subword_beyond_its_text_is_not_taken_for_one_of_the_next() -> None:
    batch = lay_out([100, 100], capacity=10, stride=0, limit=1)
    text, subword = np.array([0, 0, 0, 1]), np.array([9, 10, 99, 3])
    assert owning_windows(batch, text, subword).tolist() == [0, NO_WINDOW, NO_WINDOW, 1]


@given(layout=LAYOUTS, is_pair=st.booleans(), data=st.data())
def test_spans_are_placed_as_the_definition_says(layout: tuple, is_pair: bool, data: st.DataObject) -> None:
    spans = draw_spans(data, layout[0])
    batch = lay_out_pairs(*layout) if is_pair else lay_out(*layout)
    placed = place_spans(batch, *columns_of(spans)).spans
    assert placed is not None
    owners = [plain_owner(batch, span) for span in spans]
    order = sorted((number for number, owner in enumerate(owners) if owner != NO_WINDOW), key=owners.__getitem__)
    assert placed.index.tolist() == order
    assert placed.window.tolist() == [owners[number] for number in order]
    assert placed.first.tolist() == [spans[number][1] for number in order]
    assert placed.last.tolist() == [spans[number][2] for number in order]
    assert len(placed) == len(order)


@given(layout=LAYOUTS, is_pair=st.booleans(), data=st.data())
def test_padded_rows_hold_their_spans(layout: tuple, is_pair: bool, data: st.DataObject) -> None:
    spans = draw_spans(data, layout[0])
    batch = place_spans(lay_out_pairs(*layout) if is_pair else lay_out(*layout), *columns_of(spans))
    rows = data.draw(st.lists(st.integers(0, len(batch) - 1), min_size=1, max_size=8))
    padded, numbers = batch.padded(np.array(rows)), batch.spans_of(np.array(rows))
    assert padded.spans is not None
    assert batch.spans is not None
    windows = batch.spans.window.tolist()
    expected = [(row, number) for row, window in enumerate(rows) for number in range(len(windows))]
    expected = [(row, number) for row, number in expected if windows[number] == rows[row]]
    assert numbers.tolist() == [number for _, number in expected]
    assert padded.spans.shape == (len(expected), 3)
    assert padded.spans[:, 0].tolist() == [row for row, _ in expected]
    for number, (row, first, last) in zip(numbers.tolist(), padded.spans.tolist(), strict=True):
        text, begin, end = spans[batch.spans.index[number]]
        subwords = np.arange(begin, end + 1) + 1000 * (text + 1)
        assert padded.input_ids[row, first : last + 1].tolist() == subwords.tolist()


def test_a_span_by_hand() -> None:
    """Windows over 0 to 9 are 0 to 4, 3 to 7, and 6 to 9."""
    batch = lay_out([10], capacity=5, stride=2)
    spans = [(0, 9, 9), (0, 3, 4), (0, 4, 6), (0, 2, 5), (0, 0, 3)]
    batch = place_spans(batch, *columns_of(spans))
    assert batch.spans is not None
    assert batch.spans.window.tolist() == [0, 0, 1, 2]
    assert batch.spans.index.tolist() == [1, 4, 2, 0], "no window holds 2 to 5"
    padded = batch.padded(np.array([2, 0, 2]))
    assert padded.spans is not None
    assert padded.spans.tolist() == [[0, 4, 4], [1, 4, 5], [1, 1, 4], [2, 4, 4]]
    assert batch.spans_of(np.array([2, 0, 2])).tolist() == [3, 0, 1, 3]


def test_of_two_windows_alike_the_left_one_is_taken() -> None:
    batch = lay_out([14], capacity=6, stride=2)
    assert batch.windows.start.tolist() == [0, 4, 8]
    batch = place_spans(batch, *columns_of([(0, 4, 5), (0, 8, 9)]))
    assert batch.spans is not None
    assert batch.spans.window.tolist() == [0, 1], "each stands at an edge of both windows that hold it"
    middle = lay_out([30], capacity=7, stride=4)
    assert middle.windows.start.tolist()[1:3] == [3, 6]
    assert owning_windows(middle, np.array([0, 0]), np.array([7, 8])).tolist() == [1, 2]
    assert place_spans(middle, *columns_of([(0, 7, 8)])).spans.window.tolist() == [1]  # type: ignore[union-attr]


def test_without_spans_there_are_none() -> None:
    batch = lay_out([10], capacity=5, stride=0)
    assert batch.padded(np.array([0])).spans is None
    assert batch.spans_of(np.array([0])).tolist() == []
    batch = place_spans(batch, *columns_of([]))
    spans = batch.padded(np.array([0])).spans
    assert spans is not None
    assert spans.shape == (0, 3)
    assert len(place_spans(window_batch([[]], TEXT, max_length=9), *columns_of([])).spans) == 0  # type: ignore[arg-type]


def test_a_million_spans_take_less_than_seconds() -> None:
    batch = lay_out([400] * 500, capacity=62, stride=20)
    text, first, width = (grid.ravel() for grid in np.meshgrid(np.arange(500), np.arange(388), np.arange(6)))
    order = np.random.default_rng(0).permutation(len(text))
    started = perf_counter()
    batch = place_spans(batch, text[order], first[order], (first + width)[order])
    padded = batch.padded(np.arange(len(batch)))
    assert perf_counter() - started < 5
    assert padded.spans is not None
    assert len(padded.spans) == len(text) > 10**6
