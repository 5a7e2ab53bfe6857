"""Hiding whole words."""

from __future__ import annotations

import numpy as np
import pytest

from spacy_bertadapt.pretraining.masking import WordMasker, choose_words
from spacy_bertadapt.pretraining.words import NO_WORD
from spacy_bertadapt.types import Ints, PaddedBatch

MASK, CLS, SEP, PAD = 4, 2, 3, 0
MASKER = WordMasker(MASK, np.arange(100, 200), 0.15)


def rows(count: int, n_words: int, subwords_a_word: int = 2) -> tuple[PaddedBatch, Ints]:
    """Rows of words of equal length between special tokens, with padding."""
    words = np.repeat(np.arange(n_words), subwords_a_word)
    row = np.concatenate([[NO_WORD], words, [NO_WORD, NO_WORD]])
    ids = np.concatenate([[CLS], 200 + np.arange(len(words)), [SEP, PAD]])
    mask = np.arange(len(row)) < len(row) - 1
    return PaddedBatch(np.tile(ids, (count, 1)), np.tile(mask, (count, 1)), None), np.tile(row, (count, 1))


@pytest.mark.parametrize("n_words", [7, 20, 33])
def test_share_of_words(n_words: int) -> None:
    _, words = rows(4000, n_words)
    hidden = choose_words(words, 0.15, np.random.default_rng(0))
    assert hidden.sum() / (words != NO_WORD).sum() == pytest.approx(0.15, rel=0.03)


def test_words_are_hidden_whole() -> None:
    _, words = rows(200, 20, subwords_a_word=3)
    hidden = choose_words(words, 0.15, np.random.default_rng(0))
    by_word = hidden[:, 1:-2].reshape(200, 20, 3)
    assert (by_word.all(axis=2) == by_word.any(axis=2)).all()
    assert by_word.any()


def test_the_same_word_number_in_two_rows_is_two_words() -> None:
    _, words = rows(200, 10)
    hidden = choose_words(words, 0.3, np.random.default_rng(0))
    assert len(np.unique(hidden, axis=0)) > 50


def test_every_row_with_words_hides_one_at_least() -> None:
    _, words = rows(50, 1)
    words[7] = NO_WORD
    hidden = choose_words(words, 0.15, np.random.default_rng(0)).any(axis=1)
    assert hidden.sum() == 49
    assert not hidden[7]


def test_every_word_is_as_likely() -> None:
    _, words = rows(20_000, 10, subwords_a_word=1)
    share = choose_words(words, 0.15, np.random.default_rng(0)).mean(axis=0)[1:-2]
    assert share == pytest.approx(0.15, abs=0.01)


def test_eighty_ten_ten() -> None:
    batch, words = rows(3000, 20)
    masked = MASKER.mask(batch, words, np.random.default_rng(0))
    now = masked.batch.input_ids.ravel()[masked.positions]
    assert (now == MASK).mean() == pytest.approx(0.8, abs=0.01)
    assert np.isin(now, MASKER.replacements).mean() == pytest.approx(0.1, abs=0.01)
    assert (now == masked.labels).mean() == pytest.approx(0.1, abs=0.01)


def test_labels_are_what_stood_there_and_all_else_stays() -> None:
    batch, words = rows(100, 20)
    before = batch.input_ids.copy()
    masked = MASKER.mask(batch, words, np.random.default_rng(0))
    assert (batch.input_ids == before).all(), "the batch given is not changed"
    assert (before.ravel()[masked.positions] == masked.labels).all()
    restored = masked.batch.input_ids.ravel().copy()
    restored[masked.positions] = masked.labels
    assert (restored.reshape(before.shape) == before).all()


def test_special_tokens_and_padding_are_never_hidden() -> None:
    batch, words = rows(500, 3)
    masked = MASKER.mask(batch, words, np.random.default_rng(0))
    assert not np.isin(masked.labels, [CLS, SEP, PAD]).any()
    assert (masked.batch.input_ids[:, [0, -2, -1]] == [CLS, SEP, PAD]).all()


def test_masks_depend_on_the_generator_alone() -> None:
    batch, words = rows(10, 20)
    first, same, other = (MASKER.mask(batch, words, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert (first.batch.input_ids == same.batch.input_ids).all()
    assert (first.batch.input_ids != other.batch.input_ids).any()
