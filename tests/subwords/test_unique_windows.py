"""Windows of several batches, each once."""

from __future__ import annotations

import numpy as np
import pytest

from spacy_bertadapt.subwords.batches import window_batch
from spacy_bertadapt.subwords.special_tokens import Piece
from spacy_bertadapt.subwords.unique_windows import flat_rows, flat_windows, unique_windows
from spacy_bertadapt.types import Subwords

CLS, SEP = np.array([1]), np.array([2])
SINGLE = (Piece(None, CLS, 0), Piece(0, np.zeros(0, dtype=np.int64), 0), Piece(None, SEP, 0))
PAIR = (*SINGLE, Piece(1, np.zeros(0, dtype=np.int64), 1), Piece(None, SEP, 1))


def texts(*lengths, seed=0):
    random = np.random.default_rng(seed)
    return [Subwords(random.integers(5, 50, length)) for length in lengths]


def batch_of(segment, *, max_length=8, second=None):
    if second is None:
        return window_batch([segment], SINGLE, max_length=max_length, stride=2)
    return window_batch([segment, second], PAIR, max_length=max_length, stride=2)


@pytest.mark.parametrize("second", [None, texts(2, 1, 2, seed=5)])
def test_flat_windows_are_those_of_the_batch(second):
    batch = batch_of(texts(3, 20, 0), second=second, max_length=12)
    flat = flat_windows(batch)
    rows = np.arange(len(batch))[::-1]
    expected, found = batch.padded(rows), flat.padded(rows)
    np.testing.assert_array_equal(found.input_ids, expected.input_ids)
    np.testing.assert_array_equal(found.mask, expected.mask)
    assert (found.token_type_ids is None) == (expected.token_type_ids is None)
    if second is not None:
        np.testing.assert_array_equal(found.token_type_ids, expected.token_type_ids)
    assert [flat.keys()[row] for row in rows] == flat_rows(expected).keys()


def test_each_window_comes_once():
    one, other = texts(3, 20, 3), texts(3, 20, 3)
    short = batch_of(other, max_length=6)
    unique, places = unique_windows([batch_of(one), batch_of(other), short])
    assert len(set(unique.keys())) == len(unique) < sum(map(len, places))
    np.testing.assert_array_equal(places[0], places[1])
    for batch, place in zip((batch_of(one), batch_of(other), short), places, strict=True):
        found = unique.padded(place)
        np.testing.assert_array_equal(found.input_ids, batch.padded(np.arange(len(batch))).input_ids)


def test_token_types_tell_windows_apart():
    """A pair is no text, though the subwords may be the same."""
    text = Subwords(np.concatenate([np.array([7, 8]), SEP, np.array([9])]))
    pair = batch_of([Subwords(np.array([7, 8]))], second=[Subwords(np.array([9]))])
    unique, _ = unique_windows([batch_of([text]), pair])
    assert len(unique) == 2
