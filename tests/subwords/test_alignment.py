"""Offsets of spaCy tokens, and what overlaps what."""

from __future__ import annotations

import numpy as np
import pytest
import spacy
from hypothesis import example, given
from hypothesis import strategies as st
from spacy.language import Language
from spacy.tokens import Doc

from spacy_bertadapt.subwords.alignment import overlaps, tokens_of
from spacy_bertadapt.subwords.tokenizer import SubwordTokenizer

AWKWARD = [
    "👩‍👩‍👧",
    "é",
    "שלום עולם",
    "مرحبا",
    "\x00",
    "   ",
    "\n\t ",
    "日本語",
    "don't",
    "ﬁ",
    "Å",
    "a\u0301\u0323",
    ".",
]
TEXTS = st.one_of(st.text(max_size=40), st.lists(st.sampled_from([*AWKWARD, "parcel", " "])).map("".join))


@pytest.fixture(scope="module")
def blank() -> Language:
    return spacy.blank("en")


def spans_in_order(steps: list[tuple[int, int]]) -> np.ndarray:
    """Spans whose starts and ends never fall back, from (step of the start, length); some are empty or alike."""
    starts = np.cumsum([step for step, _ in steps], dtype=np.int64)
    ends = np.maximum.accumulate(starts + [length for _, length in steps]) if steps else starts
    return np.stack([starts, ends], axis=1)


SPANS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 5)), max_size=12).map(spans_in_order)


def shared_characters(spans: np.ndarray, others: np.ndarray) -> list[list[int]]:
    """Brute force: for every span, the others that have a character of it."""
    return [
        [number for number, (left, right) in enumerate(others) if set(range(start, end)) & set(range(left, right))]
        for start, end in spans
    ]


@given(SPANS, SPANS)
@example(np.array([[0, 5]]), np.array([[3, 3]]))
@example(np.array([[0, 2], [2, 2], [2, 4]]), np.array([[0, 1], [1, 3], [3, 4]]))
@example(np.zeros((0, 2), dtype=np.int64), np.array([[0, 1]]))
def test_overlaps_is_brute_force_in_both_directions(one: np.ndarray, other: np.ndarray) -> None:
    for spans, others in ((one, other), (other, one)):
        ranges = overlaps(spans, others)
        assert ranges.shape == (len(spans), 2)
        for (first, last), shared in zip(ranges.tolist(), shared_characters(spans, others), strict=True):
            assert (first, last) == (shared[0], shared[-1] + 1) if shared else first == last


@given(texts=st.lists(TEXTS, max_size=3))
@example(texts=["", " ", "a  b"])
def test_tokens_are_those_of_spacy_but_for_white_space(blank: Language, texts: list[str]) -> None:
    docs = [blank(text) for text in texts]
    tokens = tokens_of(docs)
    assert tokens.lengths.tolist() == [len(text) for text in texts]
    rows = zip(tokens.text.tolist(), tokens.index.tolist(), tokens.offsets.tolist(), strict=True)
    words = [(number, token, texts[number][start:end]) for number, token, (start, end) in rows]
    expected = [(number, token.i, token.text) for number, doc in enumerate(docs) for token in doc if not token.is_space]
    assert words == expected


def test_tokens_of_a_span_count_from_its_start(blank: Language) -> None:
    doc = blank("Where is  the parcel?")
    span = doc[2:]
    tokens = tokens_of([doc, span])
    words = [span.text[start:end] for start, end in tokens.offsets[tokens.text == 1].tolist()]
    assert words == ["the", "parcel", "?"]
    assert tokens.index[tokens.text == 1].tolist() == [1, 2, 3]


def test_tokens_of_nothing(blank: Language) -> None:
    assert len(tokens_of([])) == len(tokens_of([Doc(blank.vocab)])) == 0


@given(text=TEXTS)
@example(text="cafe\u0301 \u1100\u1161\u11a8 \u0f71\u0f72 a\u0323\u0307b")
@example(text="a   b \u3000c\u200b d\u00a0e")
def test_tokens_and_real_subwords_meet(blank: Language, ours: SubwordTokenizer, text: str) -> None:
    doc = blank(text)
    tokens = tokens_of([doc]).offsets
    (subwords,) = ours.encode([doc.text], offsets=True)
    assert subwords.offsets is not None
    assert (np.diff(subwords.offsets, axis=0) >= 0).all(), "overlaps needs starts and ends that never fall back"
    assert ((subwords.offsets >= 0) & (subwords.offsets <= len(doc.text))).all()
    for spans, others in ((tokens, subwords.offsets), (subwords.offsets, tokens)):
        ranges = overlaps(spans, others).tolist()
        for (first, last), shared in zip(ranges, shared_characters(spans, others), strict=True):
            assert (first, last) == (shared[0], shared[-1] + 1) if shared else first == last


def test_a_sentence_by_hand(blank: Language, hf_tokenizers: dict) -> None:
    from spacy_bertadapt.network.checkpoint import subword_tokenizer

    doc = blank("where is the parcel ,  Zyx?")
    (subwords,) = subword_tokenizer(hf_tokenizers["bert"]).encode([doc.text], offsets=True)
    assert subwords.offsets is not None
    pieces = [doc.text[start:end] for start, end in subwords.offsets.tolist()]
    ranges = overlaps(tokens_of([doc]).offsets, subwords.offsets).tolist()
    solid = [token.text for token in doc if not token.is_space]
    covered = {token: "".join(pieces[first:last]) for token, (first, last) in zip(solid, ranges, strict=True)}
    assert covered == {
        "where": "where",
        "is": "is",
        "the": "the",
        "parcel": "parcel",
        ",": ",",
        "Zyx": "Zyx",
        "?": "?",
    }
