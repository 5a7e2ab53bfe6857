"""No subword over a border of tokens, and no character lost."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import spacy
from hypothesis import example, given
from hypothesis import strategies as st
from spacy.language import Language
from spacy.tokens import Doc

from spacy_bertadapt.network.checkpoint import subword_tokenizer
from spacy_bertadapt.subwords.alignment import align, overlaps, tokens_of
from spacy_bertadapt.subwords.token_separation import separate_tokens
from spacy_bertadapt.subwords.tokenizer import SubwordTokenizer
from spacy_bertadapt.types import Subwords

AWKWARD = [
    "don't",
    "can't",
    "ﬁsh",
    "e\u0301",
    "a\u0323\u0307b",
    "🙂x",
    "U.S.-based",
    "ﷺ",
    "日本語",
    "\u200b",
    " ",
    "  ",
]
TEXTS = st.one_of(st.text(max_size=30), st.lists(st.sampled_from([*AWKWARD, "parcel"]), max_size=8).map("".join))


@pytest.fixture(scope="module")
def blank() -> Language:
    return spacy.blank("en")


def separated(ours: SubwordTokenizer, docs):
    def encode(pieces):
        return ours.encode(pieces, offsets=True)

    texts = [doc.text for doc in docs]
    tokens = tokens_of(docs)
    return texts, tokens, separate_tokens(texts, encode(texts), tokens, encode)


@given(texts=st.lists(TEXTS, min_size=1, max_size=3))
@example(texts=["don't", "", "I can't  even🙂x"])
def test_every_token_has_a_first_subword_of_its_own(blank: Language, ours: SubwordTokenizer, texts: list[str]) -> None:
    docs = [blank(text) for text in texts]
    _, tokens, divided = separated(ours, docs)
    for number, (doc, subwords) in enumerate(zip(docs, divided, strict=True)):
        assert subwords.offsets is not None
        assert (np.diff(subwords.offsets, axis=0) >= 0).all()
        own = tokens.offsets[tokens.text == number]
        ranges = overlaps(subwords.offsets, own)
        assert (ranges[:, 1] - ranges[:, 0] <= 1).all(), doc.text
    alignment = align(tokens, divided)
    first = list(zip(alignment.text.tolist(), alignment.first.tolist(), strict=True))
    assert len(set(first)) == len(first)
    assert (alignment.last >= alignment.first).all()


def test_characters_that_subwords_before_cover_are_not_encoded_again(blank: Language, hf_tokenizers) -> None:
    """One character may have several subwords, the last of which goes on into the next token."""
    tokenizer = subword_tokenizer(hf_tokenizers["unigram"])
    _, _, (divided,) = separated(tokenizer, [blank(" \ufdfa\U0001f300")])
    assert divided.offsets is not None
    assert (np.diff(divided.offsets, axis=0) >= 0).all()


@given(texts=st.lists(TEXTS, min_size=1, max_size=3))
def test_tokens_without_subwords_are_those_that_have_none_alone(blank: Language, ours: SubwordTokenizer, texts) -> None:
    docs = [blank(text) for text in texts]
    _, tokens, divided = separated(ours, docs)
    alignment = align(tokens, divided)
    aligned = set(zip(alignment.text.tolist(), alignment.token.tolist(), strict=True))
    for number, doc in enumerate(docs):
        for token in doc:
            if (number, token.i) not in aligned and not token.is_space:
                (alone,) = ours.encode([token.text], offsets=True)
                assert alone.offsets is not None
                assert not (alone.offsets[:, 0] < alone.offsets[:, 1]).any() or not token.text.isprintable()


def one_after_the_other(text: str, subwords: Subwords, tokens: list[tuple[int, int]], encode) -> list:
    """The definition, for one text and step by step: ids with offsets. tokens: where each starts and ends."""
    assert subwords.offsets is not None
    rows = [(int(n), int(a), int(b)) for n, (a, b) in zip(subwords.ids, subwords.offsets, strict=True)]
    rows_after, at = [], 0
    while at < len(rows):
        _, start, end = rows[at]
        at += 1
        run_start = at
        if start == end or sum(first < end and start < last for first, last in tokens) < 2:
            rows_after.append(rows[at - 1])
            continue
        while at < len(rows) and rows[at][1] < end:
            end = max(end, rows[at][2])
            at += 1
        start = max(start, max((last for _, _, last in rows[: run_start - 1]), default=0))
        marks = [start, *(border for border, _ in tokens if start < border < end), end]
        for left, right in pairwise(marks):
            space = left == start > 0 and text[left - 1] == " "
            (piece,) = encode([" " * space + text[left:right]])
            assert piece.offsets is not None
            for number, (a, b) in zip(piece.ids, piece.offsets + left - space, strict=True):
                rows_after.append((int(number), max(start, int(a)), max(start, int(b))))
    return rows_after


WORDS = st.one_of(st.sampled_from([*AWKWARD, "parcel", "my", "n't"]), st.text(min_size=1, max_size=5))
DIVIDED = st.lists(st.tuples(WORDS, st.booleans()), max_size=8)


@given(texts=st.lists(DIVIDED, min_size=1, max_size=4))
@example(texts=[[("par", False), ("cel", True)], [], [("the", True), ("par", False), ("c", False), ("el", False)]])
def test_all_texts_at_once_are_as_one_after_the_other(blank: Language, ours: SubwordTokenizer, texts: list) -> None:
    docs = [Doc(blank.vocab, words=[w for w, _ in text], spaces=[space for _, space in text]) for text in texts]
    calls = []

    def encode(pieces):
        calls.append(len(pieces))
        assert len(set(pieces)) == len(pieces)
        return ours.encode(pieces, offsets=True)

    whole = ours.encode([doc.text for doc in docs], offsets=True)
    divided = separate_tokens([doc.text for doc in docs], whole, tokens_of(docs), encode)
    assert len(calls) <= 1
    for doc, subwords, separated in zip(docs, whole, divided, strict=True):
        own = [(token.idx, token.idx + len(token)) for token in doc if not token.is_space]
        expected = one_after_the_other(doc.text, subwords, own, lambda pieces: ours.encode(pieces, offsets=True))
        assert separated.offsets is not None
        assert [
            (n, *span) for n, span in zip(separated.ids.tolist(), separated.offsets.tolist(), strict=True)
        ] == expected


def test_contractions_are_split_as_spacy_does(blank: Language, hf_tokenizers: dict) -> None:
    from spacy_bertadapt.network.checkpoint import subword_tokenizer

    ours = subword_tokenizer(hf_tokenizers["bert"])
    doc = blank("I don't")
    _, _, (subwords,) = separated(ours, [doc])
    assert subwords.offsets is not None
    pieces = [doc.text[start:end] for start, end in subwords.offsets.tolist()]
    assert "".join(pieces) == "Idon't"
    words = hf_tokenizers["bert"]([token.text for token in doc], is_split_into_words=True, add_special_tokens=False)
    assert subwords.ids.tolist() == words["input_ids"], "as a tokenizer that is given words"


def test_texts_without_straddling_subwords_are_left_alone(ours: SubwordTokenizer, blank: Language) -> None:
    docs = [blank("the parcel")]
    whole = ours.encode(["the parcel"], offsets=True)
    assert separate_tokens(["the parcel"], whole, tokens_of(docs), lambda pieces: 1 / 0) is whole  # type: ignore
