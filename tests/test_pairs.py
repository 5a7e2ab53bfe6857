"""Pair Docs: what is put together comes apart again, also where only the text survived."""

from __future__ import annotations

import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from spacy.training import Example

from spacy_bertadapt import make_pair_doc
from spacy_bertadapt.pairs import find_parts, has_parts, pair_of
from spacy_bertadapt.tasks.nli import PARTS as NAMES
from spacy_bertadapt.tasks.pair_docs import segments_of

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@pytest.fixture(scope="module")
def nlp() -> Language:
    return spacy.blank("en")


@pytest.mark.filterwarnings("ignore:.*W321")
@given(first=texts, second=texts)
def test_parts_come_apart_again(nlp: Language, first: str, second: str) -> None:
    doc = make_pair_doc(nlp, first, second, "nli")
    assert doc.text == f"{first} [SEP] {second}"
    parts = pair_of(doc, NAMES)
    assert parts[0].rstrip(" ") == first.rstrip(" "), "a space at the end is the token's, not the span's"
    assert parts[1].rstrip(" ") == second.rstrip(" ")
    assert segments_of(doc) == parts


@given(first=texts.filter(lambda text: "[SEP]" not in text), second=texts)
def test_the_text_alone_is_enough(nlp: Language, first: str, second: str) -> None:
    whole = make_pair_doc(nlp, first, second, "nli")
    assert pair_of(nlp.make_doc(whole.text), NAMES) == pair_of(whole, NAMES)


def test_a_literal_separator_stays_text_where_the_spans_are_there(nlp: Language) -> None:
    with pytest.warns(UserWarning, match=r"W321.*'a \[SEP\] b'"):
        doc = make_pair_doc(nlp, "a [SEP] b", "c", "nli")
    assert pair_of(doc, NAMES) == ("a [SEP] b", "c")
    assert pair_of(nlp.make_doc("a [SEP] b [SEP] c"), NAMES) == ("a", "b [SEP] c")
    assert pair_of(nlp.make_doc("x[SEP]y [SEP] z"), NAMES) == ("x[SEP]y", "z")


@pytest.mark.parametrize("first", ["[SEP]", "a [SEP]", "[SEP] a", "a\n[SEP]\tb"])
def test_a_separator_in_the_first_part_is_reported(nlp: Language, first: str) -> None:
    with pytest.warns(UserWarning, match=r"W321.*question.*the first \[SEP\].*Write it otherwise"):
        make_pair_doc(nlp, first, "b", "qa")


@pytest.mark.parametrize(("first", "second"), [("a[SEP]", "b"), ("a", "[SEP] b"), ("", "[SEP]"), ("[sep]", "b")])
def test_other_separators_are_not(nlp: Language, first: str, second: str) -> None:
    doc = make_pair_doc(nlp, first, second, "qa")
    assert pair_of(nlp.make_doc(doc.text), NAMES) == (first, second)


def test_parts_of_the_users_own(nlp: Language) -> None:
    doc = nlp.make_doc("She eats. Someone eats.")
    doc.spans["premise"], doc.spans["hypothesis"] = [doc[:3]], [doc[3:]]
    assert pair_of(doc, NAMES) == ("She eats.", "Someone eats.")


@pytest.mark.parametrize(("first", "second"), [("", "b"), ("a", ""), ("", "")])
def test_empty_parts_survive_every_copy(nlp: Language, first: str, second: str) -> None:
    doc = make_pair_doc(nlp, first, second, "nli")
    stored = next(iter(DocBin(docs=[doc]).get_docs(nlp.vocab)))
    copied = Example(doc, doc).predicted.copy()
    for pair_doc in (doc, stored, copied, Doc(nlp.vocab).from_bytes(doc.to_bytes())):
        assert has_parts(pair_doc, NAMES)
        assert pair_of(pair_doc, NAMES) == (first, second)


def test_neither_spans_nor_separator(nlp: Language) -> None:
    for text in ("no pair at all", "glued[SEP]together", ""):
        with pytest.raises(ValueError, match=r"E203.*premise.*make_pair_doc"):
            find_parts(nlp.make_doc(text), NAMES)


def test_several_spans_in_a_part(nlp: Language) -> None:
    doc = make_pair_doc(nlp, "a b", "c", "nli")
    doc.spans["premise"] = [doc[:1], doc[1:2]]
    with pytest.raises(ValueError, match=r"E204.*premise.*2 spans"):
        find_parts(doc, NAMES)


def test_unknown_task(nlp: Language) -> None:
    with pytest.raises(ValueError, match=r"E206.*ner.*nli, qa"):
        make_pair_doc(nlp, "a", "b", "ner")


def test_a_doc_of_no_pair_is_its_text(nlp: Language) -> None:
    assert segments_of(nlp.make_doc("a b")) == "a b"
