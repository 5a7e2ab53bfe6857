"""The window that a subword is read from."""

from __future__ import annotations

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from spacy_bertadapt.subwords.batches import window_batch
from spacy_bertadapt.subwords.merging import NO_WINDOW, owning_windows
from spacy_bertadapt.subwords.template import Piece
from spacy_bertadapt.types import Subwords

NOTHING = np.zeros(0, dtype=np.int64)
TEMPLATE = (Piece(None, np.array([101]), 0), Piece(0, NOTHING, 0), Piece(None, np.array([102]), 0))


def lay_out(lengths, capacity, stride, limit=None):
    texts = [Subwords(np.arange(1000 * number, 1000 * number + size)) for number, size in enumerate(lengths)]
    return window_batch([texts], TEMPLATE, max_length=capacity + 2, stride=stride, limit=limit)


def brute_force(batch, lengths, text, subword):
    """The first of the windows in which the subword stands farthest from an edge."""
    best, owner = -1.0, NO_WINDOW
    for number, (of, start, stop) in enumerate(
        zip(batch.windows.text, batch.windows.start, batch.windows.stop, strict=True)
    ):
        if of == text and start <= subword < stop:
            left = np.inf if start == 0 else subword - start
            right = np.inf if stop == lengths[text] else stop - 1 - subword
            if min(left, right) > best:
                best, owner = min(left, right), number
    return owner


@given(
    lengths=st.lists(st.integers(0, 40), min_size=1, max_size=4),
    capacity=st.integers(3, 12),
    stride=st.integers(0, 8),
)
@example(lengths=[0], capacity=3, stride=0)
@example(lengths=[7, 30], capacity=5, stride=4)
def test_is_brute_force_and_reads_that_very_subword(lengths, capacity, stride):
    batch = lay_out(lengths, capacity, min(stride, capacity - 1))
    text = np.repeat(np.arange(len(lengths)), lengths)
    subword = np.concatenate([np.arange(size) for size in lengths])
    owner = owning_windows(batch, text, subword)
    assert owner.tolist() == [brute_force(batch, lengths, t, s) for t, s in zip(text, subword, strict=True)]
    if len(subword):
        rows = batch.padded(np.arange(len(batch)))
        read = rows.input_ids[owner, batch.columns(owner, subword)]
        assert read.tolist() == (1000 * text + subword).tolist()


def test_subwords_in_no_window_have_none():
    batch = lay_out([30], capacity=5, stride=0, limit=2)
    owner = owning_windows(batch, np.zeros(30, dtype=np.int64), np.arange(30))
    assert owner.tolist() == [0] * 5 + [NO_WINDOW] * 20 + [1] * 5
