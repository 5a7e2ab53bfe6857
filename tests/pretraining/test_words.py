"""Which word each subword belongs to, and windows that know it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import spacy
from transformers import PreTrainedTokenizerFast

from spacy_bertadapt.network.checkpoint import subword_tokenizer
from spacy_bertadapt.pretraining.words import NO_WORD, WordWindows, read_word_windows, words_of
from spacy_bertadapt.subwords.alignment import tokens_of

TEXTS = ["Refunds weren't processed, unbelievable!", "", "  two  spaces\n", "the delivery was 3.5 days late ☃ today"]


@pytest.fixture(scope="module")
def wordpiece(make_tokenizer: Callable) -> PreTrainedTokenizerFast:
    return make_tokenizer("wordpiece")


def windows_of(texts: list[str], tokenizer: PreTrainedTokenizerFast, max_length: int = 64) -> WordWindows:
    special_ids = tokenizer.all_special_ids
    return read_word_windows(
        texts, spacy.blank("en"), subword_tokenizer(tokenizer), special_ids=special_ids, max_length=max_length
    )


@pytest.mark.parametrize("kind", ["wordpiece", "bpe", "unigram"])
def test_all_subwords_of_a_token_have_its_word(kind: str, make_tokenizer: Callable) -> None:
    nlp, tokenizer = spacy.blank("en"), subword_tokenizer(make_tokenizer(kind))
    docs = [nlp.tokenizer(text) for text in TEXTS]
    subwords = tokenizer.encode(TEXTS, offsets=True)
    words = words_of(tokens_of(docs), subwords)
    place = 0
    seen: set[int] = set()
    for doc, text_subwords in zip(docs, subwords, strict=True):
        in_text = words[place : place + len(text_subwords)]
        place += len(text_subwords)
        for token in doc:
            covers = (text_subwords.offsets[:, 0] < token.idx + len(token)) & (text_subwords.offsets[:, 1] > token.idx)
            of_token = set(in_text[covers].tolist())
            assert len(of_token) == (0 if token.is_space or not covers.any() else 1) or token.is_space, token
        assert not seen & (set(in_text.tolist()) - {NO_WORD}), "no word goes over two texts"
        seen |= set(in_text.tolist())
    assert place == len(words)


def test_tokens_that_share_a_subword_are_one_word(wordpiece: PreTrainedTokenizerFast) -> None:
    nlp, tokenizer = spacy.blank("en"), subword_tokenizer(wordpiece)
    doc = nlp.tokenizer("I can't wait")
    assert [token.text for token in doc] == ["I", "ca", "n't", "wait"]
    subwords = tokenizer.encode([doc.text], offsets=True)
    spans = subwords[0].offsets
    shared = ((spans[:, 0] < 4) & (spans[:, 1] > 4)).any()
    words = words_of(tokens_of([doc]), subwords)
    assert words.max() + 1 == (3 if shared else 4)


def test_windows_cover_all_texts_and_fit(wordpiece: PreTrainedTokenizerFast) -> None:
    windows = windows_of(TEXTS, wordpiece, max_length=8)
    assert windows.lengths.max() == 8
    assert len(windows.ids) == (windows.stops - windows.starts).sum()
    assert len(windows) > len(TEXTS)


def test_padded_rows_decode_to_the_text(wordpiece: PreTrainedTokenizerFast) -> None:
    windows = windows_of(["the delivery", "unbelievable refunds processed"], wordpiece)
    padded, words = windows.padded(np.array([1, 0]))
    assert words.shape == padded.input_ids.shape
    tokenizer = subword_tokenizer(wordpiece)
    decoded = [tokenizer.decode(ids[word != NO_WORD]) for ids, word in zip(padded.input_ids, words, strict=True)]
    assert decoded == ["unbelievable refunds processed", "the delivery"]
    assert (words[:, 0] == NO_WORD).all(), "[CLS]"
    assert padded.mask is not None
    assert (words[~padded.mask] == NO_WORD).all()


def test_unknown_subwords_belong_to_no_word(wordpiece: PreTrainedTokenizerFast) -> None:
    windows = windows_of(["late ☃ today"], wordpiece)
    assert (windows.words[windows.ids == wordpiece.unk_token_id] == NO_WORD).all()
    assert (windows.ids == wordpiece.unk_token_id).any()


def test_windows_without_words_are_left_out(wordpiece: PreTrainedTokenizerFast) -> None:
    assert len(windows_of(["", "   ", "☃ ☃"], wordpiece)) == 0
    assert len(windows_of([], wordpiece)) == 0


def test_many_texts_are_read_in_chunks(wordpiece: PreTrainedTokenizerFast, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = windows_of(TEXTS * 3, wordpiece)
    monkeypatch.setattr("spacy_bertadapt.pretraining.words.TEXTS_AT_ONCE", 5)
    chunked = windows_of(TEXTS * 3, wordpiece)
    assert whole.checksum == chunked.checksum
    assert (whole.words == chunked.words).all()


def test_checksum_tells_texts_and_windows_apart(wordpiece: PreTrainedTokenizerFast) -> None:
    first = windows_of(["a parcel arrived"], wordpiece).checksum
    assert first == windows_of(["a parcel arrived"], wordpiece).checksum
    assert first != windows_of(["a parcel was late"], wordpiece).checksum
    assert windows_of(TEXTS, wordpiece).checksum != windows_of(TEXTS, wordpiece, max_length=8).checksum
