"""bert_spancat: what no other component does."""

from __future__ import annotations

import pytest
import spacy
from spacy.tokens import DocBin
from spacy.training import Example

from spacy_bertadapt.training.optimizer import adamw
from tests.tasks.spancat.samples import labelled


def test_overfits_and_scores(trained, make_spans):
    scores = trained.evaluate(make_spans(trained))
    assert scores["spans_sc_f"] == scores["spans_sc_p"] == scores["spans_sc_r"] == 1.0
    assert scores["spans_sc_per_type"].keys() == {"PERSON", "PLACE", "TEAM"}
    assert trained.get_pipe("bert_spancat").labels == ("PERSON", "PLACE", "TEAM")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the mayor of New York City is late", [(0, 6, "PERSON"), (3, 6, "PLACE")]),
        ("the Riga city council met in May", [(1, 3, "PLACE"), (2, 4, "TEAM")]),
        ("Lima plays Riga again", [(0, 1, "PLACE"), (0, 1, "TEAM"), (2, 3, "PLACE"), (2, 3, "TEAM")]),
        ("nothing here is a name", []),
    ],
    ids=["nested", "crossing", "two labels", "none"],
)
def test_spans_nest_cross_and_share_a_range(trained, text, expected):
    assert labelled(trained(text)) == expected


def test_a_longer_span_comes_before_those_in_it(trained, make_spans):
    trained.get_pipe("bert_spancat").threshold = 0.0
    doc = trained("Ana called the mayor")
    places = [(start, -end) for start, end, _ in labelled(doc)]
    assert len(places) == 3 * 10
    assert places == sorted(places)


def test_an_empty_doc_has_an_empty_group(trained):
    for text in ("", "   \n "):
        doc = trained(text)
        assert labelled(doc) == []
        assert len(doc.spans["sc"].attrs["scores"]) == 0


def test_spans_of_an_earlier_run_are_replaced(trained):
    doc = trained.make_doc("Lima plays Riga again")
    doc.spans["sc"] = [doc[0:4]]
    doc.spans["other"] = [doc[1:2]]
    trained(doc)
    assert (0, 4, "") not in labelled(doc)
    assert labelled(doc, "other") == [(1, 2, "")]


def test_threshold_is_what_a_span_takes_to_have_a_label(trained):
    pipe = trained.get_pipe("bert_spancat")
    text = "Ada Lovelace lived in London"
    pipe.threshold = 0.0
    doc = trained(text)
    group = doc.spans["sc"]
    scores = dict(zip(((s.start, s.end, s.label_) for s in group), group.attrs["scores"].tolist(), strict=True))
    assert len(scores) == 3 * 15
    assert all(0 <= score <= 1 for score in scores.values())
    ordered = sorted(scores.values())
    pipe.threshold = ordered[-2]
    assert {span: score for span, score in scores.items() if score >= ordered[-2]}.keys() == set(
        labelled(trained(text))
    )
    assert 2 <= len(labelled(trained(text))) < len(scores)


@pytest.mark.parametrize(
    ("setting", "value"), [("threshold", 1.5), ("threshold", -0.1), ("max_span_length", 0), ("stride", -1)]
)
def test_impossible_settings(nlp, make_spancat, setting, value):
    with pytest.raises(ValueError, match=f"E308.*{setting} = {value}"):
        make_spancat(nlp, **{setting: value})


def test_impossible_sizes_and_losses(nlp, make_spancat):
    config = {"model": {"hidden_size": 0}}
    with pytest.raises(ValueError, match=r"E308.*hidden_size = 0"):
        nlp.add_pipe("bert_spancat", config=config)
    with pytest.raises(ValueError, match=r"E308.*BinaryCrossEntropy"):
        make_spancat(nlp, loss={"@losses": "spacy-bertadapt.CrossEntropy.v1"})


def test_docbin_keeps_spans_and_scores(trained, make_spans):
    docs = [trained(example.reference.text) for example in make_spans(trained)]
    data = DocBin(docs=docs, store_user_data=True).to_bytes()
    again = list(DocBin().from_bytes(data).get_docs(spacy.blank("en").vocab))
    assert [labelled(doc) for doc in docs] == [labelled(doc) for doc in again]
    for doc, other in zip(docs, again, strict=True):
        assert doc.spans["sc"].attrs["scores"].tolist() == other.spans["sc"].attrs["scores"].tolist()


def test_another_key(nlp, make_spancat, make_spans, train):
    """As with spaCy's own spancat: the scores are named by the key, and [training.score_weights] is the user's."""
    make_spancat(nlp, spans_key="things")
    examples = make_spans(nlp, key="things")
    train(nlp, examples, steps=100, rate=3e-3)
    scores = nlp.evaluate(examples)
    assert scores["spans_things_f"] == 1.0
    assert not any(name.startswith("spans_sc") for name in scores)
    doc = nlp("Lima plays Riga again")
    assert list(doc.spans) == ["things"]
    assert len(labelled(doc, "things")) == 4


def test_weights_of_scores_are_those_of_spacys_own():
    """And one more that is shown alone: by label."""
    metas = [spacy.blank("en").get_factory_meta(name) for name in ("bert_spancat", "spancat")]
    own, theirs = ({name: weight or 0.0 for name, weight in meta.default_score_weights.items()} for meta in metas)
    assert own == {**theirs, "spans_sc_per_type": 0.0}


def test_sourced_into_another_pipeline_and_trained_there(trained, make_spans):
    other = spacy.blank("en")
    other.add_pipe("sentencizer")
    other.add_pipe("bert_spancat", source=trained)
    text = "the mayor of New York City is late"
    assert labelled(other(text)) == labelled(trained(text))
    new = other.make_doc("the parcel is in Lima today")
    new.spans["sc"] = [new.char_span(17, 27, label="TEAM")]
    assert labelled(other(new.text)) != [(4, 6, "TEAM")]
    example = Example(other.make_doc(new.text), new)
    optimizer = adamw(3e-3)
    for _ in range(60):
        other.update([example, *make_spans(other)], sgd=optimizer)
    assert labelled(other(new.text)) == [(4, 6, "TEAM")]


def test_gold_labels_that_it_does_not_know_are_reported(trained):
    gold = {"spans": {"sc": [(0, 4, "RIVER"), (11, 15, "PLACE")]}}
    with pytest.warns(UserWarning, match=r"W305\] 1 gold annotation.*'RIVER': 1"):
        trained.evaluate([Example.from_dict(trained.make_doc("Lima plays Riga again"), gold)])


def test_beside_a_suggester_no_length_can_be_set(make_spancat, make_spans, tmp_path):
    """It would change nothing."""
    nlp = spacy.blank("en")
    suggester = {"@misc": "spacy.ngram_suggester.v1", "sizes": [1, 2]}
    pipe = make_spancat(nlp, suggester=suggester, max_span_length=4)
    with pytest.raises(ValueError, match=r"E325.*bert_spancat.*suggester"):
        pipe.max_span_length = 1
    with pytest.raises(ValueError, match="E325"):
        pipe.cfg["max_span_length"] = 1
    pipe.initialize(list, labels=["PLACE", "TEAM"])
    nlp.to_disk(tmp_path)
    assert spacy.load(tmp_path).get_pipe("bert_spancat").max_span_length == 4
