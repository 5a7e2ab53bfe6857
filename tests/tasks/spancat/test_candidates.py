"""Candidates, compared with plain Python, and those of suggesters."""

from __future__ import annotations

import random

import numpy as np
import pytest
import spacy
from hypothesis import example, given
from hypothesis import strategies as st
from spacy import registry
from spacy.language import Language
from spacy.tokens import Doc
from thinc.api import NumpyOps
from thinc.types import Ragged

from spacy_bertadapt.subwords.alignment import Alignment, align, tokens_of
from spacy_bertadapt.subwords.tokenizer import SubwordTokenizer
from spacy_bertadapt.tasks.spancat.candidates import candidates_by_length, suggested_candidates
from tests.tasks.spancat.samples import labelled

PIECES = ["parcel ", "don't ", "New York ", "  ", "\n", "\u200b", "é", "🙂 ", "日本 ", "(", ". "]
TEXTS = st.lists(st.lists(st.sampled_from(PIECES), max_size=8).map("".join), max_size=4)
RANGES = [(0, 1), (1, 3), (0, 1), (2, 2), (3, 1), (2, 99), (-2, 1)]
"""Ranges of tokens of which some come twice, are empty, end before they begin, or reach beyond the text."""


@pytest.fixture(scope="module")
def blank() -> Language:
    return spacy.blank("en")


@pytest.fixture(scope="module")
def tokenizer(tokenizer_json) -> SubwordTokenizer:
    return SubwordTokenizer(tokenizer_json("wordpiece"))


def alignment_of(docs: list[Doc], tokenizer: SubwordTokenizer) -> Alignment:
    return align(tokens_of(docs), tokenizer.encode([doc.text for doc in docs], offsets=True))


def visible_tokens(docs: list[Doc], alignment: Alignment) -> list[list[int]]:
    """The tokens of each Doc that have subwords."""
    return [alignment.token[alignment.text == number].tolist() for number in range(len(docs))]


def places(candidates, alignment: Alignment) -> list[tuple[int, int, int]]:
    """The text of each candidate, its first token, and one past its last."""
    first, last = candidates.start, candidates.stop - 1
    return list(
        zip(
            alignment.text[first].tolist(),
            alignment.token[first].tolist(),
            (alignment.token[last] + 1).tolist(),
            strict=True,
        )
    )


@given(TEXTS, st.integers(1, 5))
@example([], 1)
@example(["", " ", "\u200b"], 3)
def test_candidates_by_length_are_those_of_plain_loops(blank, tokenizer, texts, longest):
    docs = [blank.make_doc(text) for text in texts]
    alignment = alignment_of(docs, tokenizer)
    expected = []
    for number, tokens in enumerate(visible_tokens(docs, alignment)):
        for first in range(len(tokens)):
            for last in range(first, min(first + longest, len(tokens))):
                expected.append((number, tokens[first], tokens[last] + 1))
    assert places(candidates_by_length(alignment, longest), alignment) == expected


def test_white_space_and_tokens_without_subwords_count_for_nothing(blank, tokenizer):
    doc = Doc(blank.vocab, words=["New", "\n", "\u200b", "York", "again"], spaces=[True, False, False, True, False])
    alignment = alignment_of([doc], tokenizer)
    expected = [(0, 0, 1), (0, 0, 4), (0, 3, 4), (0, 3, 5), (0, 4, 5)]
    assert places(candidates_by_length(alignment, 2), alignment) == expected


def suggester_of(pairs: list[list[tuple[int, int]]]):
    """A suggester, as spaCy calls it, that names these ranges of each Doc."""

    def suggest(docs, *, ops):
        assert isinstance(ops, NumpyOps), "arrays stay on the CPU"
        ranges = [pair for doc_pairs in pairs for pair in doc_pairs]
        return Ragged(ops.asarray2i(ranges or np.zeros((0, 2))), ops.asarray1i([len(p) for p in pairs]))

    return suggest


@given(TEXTS, st.integers())
def test_suggested_candidates_are_those_of_plain_loops(blank, tokenizer, texts, seed):
    rng = random.Random(seed)
    docs = [blank.make_doc(text) for text in texts]
    pairs = [[(rng.randrange(-3, 12), rng.randrange(-3, 12)) for _ in range(rng.randrange(6))] for _ in docs]
    alignment = alignment_of(docs, tokenizer)
    expected = set()
    for number, tokens in enumerate(visible_tokens(docs, alignment)):
        for first, end in pairs[number]:
            inside = [token for token in tokens if first <= token < end]
            if inside:
                expected.add((number, inside[0], inside[-1] + 1))
    candidates = suggested_candidates(docs, alignment, suggester_of(pairs))
    assert places(candidates, alignment) == sorted(expected)


@registry.misc("bertadapt_test.odd_suggester.v1")
def odd_suggester():
    def suggest(docs, *, ops=None):
        return Ragged(ops.asarray2i(RANGES * len(docs)), ops.asarray1i([len(RANGES)] * len(docs)))

    return suggest


@pytest.mark.parametrize(
    ("suggester", "expected"),
    [
        ({"@misc": "spacy.ngram_suggester.v1", "sizes": [1, 3]}, [(0, 1), (0, 3), (1, 2), (1, 4), (2, 3), (3, 4)]),
        ({"@misc": "bertadapt_test.odd_suggester.v1"}, [(0, 1), (1, 3), (2, 4)]),
    ],
    ids=["ngrams", "odd"],
)
@pytest.mark.filterwarnings("ignore:\\[W316\\]")
def test_suggester_of_a_config_names_the_candidates(nlp, make_spancat, make_spans, train, suggester, expected):
    pipe = make_spancat(nlp, suggester=suggester, threshold=0.0)
    train(nlp, make_spans(nlp), steps=2)
    doc = nlp("Lima plays Riga again")
    assert list(dict.fromkeys((start, end) for start, end, _ in labelled(doc))) == sorted(
        expected, key=lambda place: (place[0], -place[1])
    )
    assert len(labelled(doc)) == len(expected) * len(pipe.labels)
    again = spacy.util.load_model_from_config(nlp.config)
    assert again.config["components"]["bert_spancat"]["suggester"] == suggester


def test_a_suggester_is_learned_with(nlp, make_spancat, make_spans, train):
    """Spans longer than max_span_length are candidates where a suggester names them."""
    suggester = {"@misc": "spacy.ngram_suggester.v1", "sizes": [1, 2, 3, 4, 6]}
    make_spancat(nlp, suggester=suggester, max_span_length=1)
    train(nlp, make_spans(nlp), steps=100, rate=3e-3)
    assert nlp.evaluate(make_spans(nlp))["spans_sc_f"] == 1.0
