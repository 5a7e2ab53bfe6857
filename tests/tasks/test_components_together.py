"""Components of several tasks in one pipeline: each leaves alone what the others wrote."""

from __future__ import annotations

import multiprocessing
import pickle

import pytest
import spacy
from spacy.training import Example

from spacy_bertadapt.pairs import make_pair
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


@pytest.fixture
def texts_and_pairs(nlp, make_textcat, make_nli, make_qa):
    """A pipeline for texts and two kinds of pairs; bert_textcat and bert_nli have a label in common."""
    golds = [{"cats": {"card": card, "neutral": 1.0 - card}} for card in (0.0, 1.0)]
    make_textcat(nlp).initialize(lambda: [Example.from_dict(nlp.make_doc("my card"), gold) for gold in golds], nlp=nlp)
    make_nli(nlp).initialize(lambda: samples_of("nli").make_examples(nlp), nlp=nlp)
    make_qa(nlp).initialize(lambda: samples_of("qa").make_examples(nlp), nlp=nlp)
    return nlp


MIXED = ["my card", "a man sleeps [SEP] he is awake"]


@pytest.mark.filterwarnings("ignore:.*W310")
def test_components_that_are_pickled_leave_docs_to_each_other(texts_and_pairs):
    nlp = texts_and_pairs
    components = pickle.loads(pickle.dumps([component for _, component in nlp.pipeline]))

    def docs():
        question = make_pair(nlp, "who sleeps?", "a man sleeps", ("question", "context"))
        return [*map(nlp.make_doc, MIXED), question]

    expected, found = list(nlp.pipe(docs())), docs()
    for component in components:
        found = list(component.pipe(found))
    assert_same(found, expected)
    assert "card" in found[0].cats
    assert found[1].cats["neutral"] == expected[1].cats["neutral"]
    assert "entailment" not in found[2].cats


@pytest.mark.filterwarnings("ignore:.*W310")
def test_processes_that_are_spawned_leave_docs_to_each_other(texts_and_pairs, monkeypatch):
    """As those of Windows and macOS are, and Linux' from Python 3.14 on."""
    expected = list(texts_and_pairs.pipe(MIXED))
    monkeypatch.setattr(spacy.language, "mp", multiprocessing.get_context("spawn"))
    assert_same(list(texts_and_pairs.pipe(MIXED, n_process=2, batch_size=1)), expected)
