"""Components of several tasks in one pipeline: each leaves alone what the others wrote."""

from __future__ import annotations

import pytest
import spacy

from tests.fixtures.annotations import assert_same
from tests.fixtures.components import samples_of

TEXT = "Ada Lovelace lived in London"


@pytest.fixture
def entities(nlp, make_ner, make_entities, train):
    """A pipeline with a bert_ner that has learned."""
    make_ner(nlp)
    return train(nlp, make_entities(nlp), steps=60)


def scores_of(doc, *, among=None):
    """The scores of entities. among: a Doc whose entities count alone."""
    places = {(entity.start, entity.end) for entity in (among or doc).ents}
    return [entity._.score for entity in doc.ents if (entity.start, entity.end) in places]


def test_scores_of_entities_stay_when_questions_are_asked(entities, make_qa):
    expected = scores_of(entities(TEXT))
    assert len(expected) == 2
    make_qa(
        entities, questions=["where ?", "who ?"], top_k=40, no_answer_threshold=1.0, max_answer_length=2
    ).initialize(lambda: [])
    doc = entities(TEXT)
    answered = {(span.start, span.end) for number in range(2) for span in doc.spans[f"answers:{number}"]}
    assert {(entity.start, entity.end) for entity in doc.ents} & answered
    assert scores_of(doc) == expected


def test_each_component_of_entities_has_its_own_scores(entities, make_ner, make_entities):
    entities.get_pipe("bert_ner").spans_key = "first"
    expected = entities(TEXT)
    config = {"model": entities.get_pipe_config("bert_ner")["model"], "spans_key": "second"}
    second = entities.add_pipe("bert_ner", "second", config=config)
    second.initialize(lambda: make_entities(entities), nlp=entities)
    doc = entities(TEXT)
    assert scores_of(doc, among=expected) == scores_of(expected)
    assert doc.spans["first"].attrs["scores"].tolist() == expected.spans["first"].attrs["scores"].tolist()
    assert len(doc.spans["second"].attrs["scores"]) == len(doc.spans["second"])


@pytest.mark.parametrize("task", ["nli", "qa"])
def test_one_bad_pair_of_a_batch_goes_alone(make_pipe, task):
    nlp = spacy.blank("en")
    pipe = make_pipe(task, nlp)
    pipe.initialize(lambda: samples_of(task).make_examples(nlp))
    texts = [samples_of(task).as_input(f"text {number}") for number in range(21)]
    expected = list(nlp.pipe(texts))
    texts[7] = "no pair"
    seen = []
    nlp.set_error_handler(lambda name, proc, docs, err: seen.append(([doc.text for doc in docs], str(err)[:6])))
    docs = list(nlp.pipe(texts))
    assert [doc.text for doc in docs] == texts[:7] + texts[8:]
    assert seen == [(["no pair"], "[E203]")]
    assert_same(docs, expected[:7] + expected[8:])
