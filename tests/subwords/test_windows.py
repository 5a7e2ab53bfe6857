"""Windows cover their texts as Transformers' overflowing windows do."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, pre_tokenizers

from spacy_bertadapt.subwords.windows import cut_windows, ragged_arange

LENGTHS = st.lists(st.integers(0, 60), max_size=8)


@pytest.fixture(scope="module")
def word_tokenizer() -> Tokenizer:
    """One subword a word, and no special tokens: windows of it are windows of plain numbers."""
    tokenizer = Tokenizer(models.WordLevel({str(number): number for number in range(64)}, unk_token="0"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return tokenizer


@given(lengths=LENGTHS, capacity=st.integers(1, 20), stride=st.integers(0, 19))
def test_windows_cover_everything_and_overlap_by_the_stride(lengths: list[int], capacity: int, stride: int) -> None:
    assume(stride < capacity)
    windows = cut_windows(np.array(lengths, dtype=np.int64), np.full(len(lengths), capacity), stride=stride)
    assert len(windows) == len(windows.start) == len(windows.stop)
    for text, length in enumerate(lengths):
        rows = windows.text == text
        starts, stops = windows.start[rows], windows.stop[rows]
        assert starts[0] == 0
        assert stops[-1] == length
        assert (stops - starts <= capacity).all()
        assert (stops[:-1] - starts[:-1] == capacity).all(), "every window but the last is full"
        assert (stops[:-1] - starts[1:] == stride).all()
        assert (stops[1:] > stops[:-1]).all(), "every window brings something new"


@given(length=st.integers(0, 60), capacity=st.integers(1, 20), stride=st.integers(0, 19))
def test_windows_are_those_of_the_tokenizers_library(
    word_tokenizer: Tokenizer, length: int, capacity: int, stride: int
) -> None:
    assume(stride < capacity)
    word_tokenizer.enable_truncation(capacity, stride=stride)
    encoding = word_tokenizer.encode(" ".join(map(str, range(length))))
    windows = cut_windows(np.array([length]), np.array([capacity]), stride=stride)
    ours = [list(range(start, stop)) for start, stop in zip(windows.start, windows.stop, strict=True)]
    assert ours == [encoding.ids, *(more.ids for more in encoding.overflowing)]


@given(lengths=LENGTHS, data=st.data())
def test_each_text_has_its_own_capacity(lengths: list[int], data: st.DataObject) -> None:
    capacity = np.array([data.draw(st.integers(3, 20)) for _ in lengths], dtype=np.int64)
    together = cut_windows(np.array(lengths, dtype=np.int64), capacity, stride=2)
    for text, length in enumerate(lengths):
        alone = cut_windows(np.array([length]), capacity[text : text + 1], stride=2)
        rows = together.text == text
        np.testing.assert_array_equal(together.start[rows], alone.start)
        np.testing.assert_array_equal(together.stop[rows], alone.stop)


@given(lengths=LENGTHS, limit=st.integers(1, 8), stride=st.integers(0, 4))
def test_a_limit_keeps_evenly_spaced_windows(lengths: list[int], limit: int, stride: int) -> None:
    capacity = np.full(len(lengths), 5)
    every = cut_windows(np.array(lengths, dtype=np.int64), capacity, stride=stride)
    some = cut_windows(np.array(lengths, dtype=np.int64), capacity, stride=stride, limit=limit)
    for text in range(len(lengths)):
        starts, kept = every.start[every.text == text], some.start[some.text == text]
        assert len(kept) == min(limit, len(starts))
        numbers = np.searchsorted(starts, kept)
        np.testing.assert_array_equal(starts[numbers], kept)
        assert numbers[0] == 0
        if limit > 1:
            assert numbers[-1] == len(starts) - 1
            ideal = np.linspace(0, len(starts) - 1, len(kept))
            assert (np.abs(numbers - ideal) <= 0.5).all()
            assert len(set(numbers.tolist())) == len(kept)


@pytest.mark.parametrize(("capacity", "stride"), [(0, 0), (-3, 0), (4, 4), (4, 9)])
def test_a_window_that_cannot_move_on_is_an_error(capacity: int, stride: int) -> None:
    with pytest.raises(ValueError, match=rf"E201.* room for {capacity} .* stride = {stride}"):
        cut_windows(np.array([3, 30]), np.array([20, capacity]), stride=stride)


def test_what_fits_in_one_window_needs_no_room_to_move_on() -> None:
    windows = cut_windows(np.array([3, 0, 30]), np.array([3, 0, 30]), stride=16)
    assert windows.stop.tolist() == [3, 0, 30]


def test_no_text_at_all() -> None:
    none = np.zeros(0, dtype=np.int64)
    assert len(cut_windows(none, none, stride=3)) == 0


@given(st.lists(st.tuples(st.integers(-5, 5), st.integers(0, 6))))
def test_ragged_arange(ranges: list[tuple[int, int]]) -> None:
    starts = np.array([start for start, _ in ranges], dtype=np.int64)
    lengths = np.array([length for _, length in ranges], dtype=np.int64)
    expected = [number for start, length in ranges for number in range(start, start + length)]
    assert ragged_arange(starts, lengths).tolist() == expected
