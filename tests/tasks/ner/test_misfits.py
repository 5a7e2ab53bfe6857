"""Entities that cut tokens."""

from __future__ import annotations

import pytest
import spacy
from spacy.tokens import Doc, Span
from spacy.training import Example

from spacy_bertadapt.tasks.ner.misfits import misfit_entities


@pytest.fixture
def reference() -> Doc:
    """The text "in the U.K. now", split before the last dot, with three entities."""
    words, spaces = ["in", "the", "U.K", ".", "now"], [True, True, False, True, False]
    doc = Doc(spacy.blank("en").vocab, words=words, spaces=spaces)
    doc.set_ents([Span(doc, 0, 1, "A"), Span(doc, 2, 3, "B"), Span(doc, 4, 5, "C")])
    return doc


def test_entities_that_end_inside_a_token(reference: Doc) -> None:
    predicted = Doc(reference.vocab, words=["in", "the", "U.K.", "now"], spaces=[True, True, True, False])
    assert [entity.text for entity in misfit_entities(Example(predicted, reference))] == ["U.K"]


def test_entities_that_begin_inside_a_token(reference: Doc) -> None:
    predicted = Doc(reference.vocab, words=["in", "the U.K", ".", "now"], spaces=[True, False, True, False])
    assert [entity.label_ for entity in misfit_entities(Example(predicted, reference))] == ["B"]


def test_same_tokens_and_other_texts_have_none(reference: Doc) -> None:
    assert misfit_entities(Example(reference.copy(), reference)) == []
    other = Doc(reference.vocab, words=["in", "the", "U.K.now"])
    assert misfit_entities(Example(other, reference)) == []
