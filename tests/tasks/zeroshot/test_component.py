"""bert_zeroshot: labels as hypotheses, judged by a component of the pipeline or a checkpoint of its own."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import spacy
import srsly
from spacy.training import Example
from transformers import pipeline

LABELS = ["delivery", "payment", "the weather"]
TEXTS = ["my parcel never arrived", "my card was charged twice", "", "🙂", "the courier was late again " * 20]


@pytest.fixture
def trained(nlp, make_nli, make_pairs, train_once):
    """A pipeline with a trained bert_nli."""
    make_nli(nlp)
    return train_once(nlp, make_pairs(nlp), steps=30)


@pytest.fixture
def checkpoint(trained, tmp_path):
    """The folder of its checkpoint."""
    trained.get_pipe("bert_nli").to_disk(tmp_path / "component")
    return tmp_path / "component" / "model"


@pytest.fixture
def zeroshot(trained):
    """The pipeline with a bert_zeroshot on top."""
    trained.add_pipe("bert_zeroshot", config={"labels": LABELS})
    return trained


def own_checkpoint(folder, **settings):
    """A pipeline with a bert_zeroshot that has a checkpoint of its own."""
    nlp = spacy.blank("en")
    model = {
        "@architectures": "spacy-bertadapt.SequenceClassifier.v1",
        "precision": "float32",
        "encoder": {"@misc": "spacy-bertadapt.Encoder.v1", "name": str(folder)},
    }
    nlp.add_pipe("bert_zeroshot", config={"labels": LABELS, "model": model, **settings})
    nlp.initialize()
    return nlp


def cats_of(nlp, texts=TEXTS):
    """The scores of every text, for the labels of zero-shot classification."""
    labels = nlp.get_pipe("bert_zeroshot").labels
    return np.array([[doc.cats[label] for label in labels] for doc in nlp.pipe(f"{text}" for text in texts)])


@pytest.mark.parametrize("multi_label", [False, True])
@pytest.mark.parametrize("labels", [LABELS, LABELS[:1]])
def test_scores_equal_those_of_transformers(checkpoint, multi_label, labels):
    nlp = own_checkpoint(checkpoint, labels=labels, multi_label=multi_label, max_length=64)
    classify = pipeline("zero-shot-classification", model=str(checkpoint), device="cpu")
    texts = [text for text in TEXTS if text and len(text) < 100]  # it takes no empty text, and cuts long ones
    expected = []
    for result in classify(texts, labels, multi_label=multi_label):
        scores = dict(zip(result["labels"], result["scores"], strict=True))
        expected.append([scores[label] for label in labels])
    np.testing.assert_allclose(cats_of(nlp, texts), expected, atol=1e-4)


def test_exclusive_labels_sum_to_one(zeroshot):
    zeroshot.select_pipes(enable="bert_zeroshot")
    np.testing.assert_allclose(cats_of(zeroshot).sum(1), 1, atol=1e-5)


def test_batches_do_not_matter(zeroshot):
    zeroshot.select_pipes(enable="bert_zeroshot")
    alone = [zeroshot(text).cats for text in TEXTS]
    for doc, cats in zip(zeroshot.pipe(TEXTS, batch_size=2), alone, strict=True):
        assert doc.cats == pytest.approx(cats, abs=1e-5)


def test_labels_change_at_run_time(zeroshot):
    zeroshot.select_pipes(enable="bert_zeroshot")
    pipe = zeroshot.get_pipe("bert_zeroshot")
    pipe.labels = ["a", "b"]
    assert list(zeroshot("x").cats) == ["a", "b"]
    assert pipe.add_label("c") == 1
    assert pipe.add_label("c") == 0
    assert list(zeroshot("x").cats) == ["a", "b", "c"]
    for wrong in ([], ["a", "a"], "ab"):
        with pytest.raises(ValueError, match=r"E308.*labels"):
            pipe.labels = wrong


def test_saved_with_a_component_of_the_pipeline(zeroshot, tmp_path):
    zeroshot.get_pipe("bert_zeroshot").labels = ["x", "y"]
    zeroshot.to_disk(tmp_path / "pipeline")
    assert not (tmp_path / "pipeline" / "bert_zeroshot" / "nli").exists()
    loaded = spacy.load(tmp_path / "pipeline")
    zeroshot.select_pipes(enable="bert_zeroshot")
    loaded.select_pipes(enable="bert_zeroshot")
    np.testing.assert_allclose(cats_of(zeroshot), cats_of(loaded), atol=1e-6)


def test_saved_with_a_checkpoint_of_its_own(checkpoint, tmp_path):
    nlp = own_checkpoint(checkpoint)
    expected = cats_of(nlp)
    nlp.to_disk(tmp_path / "pipeline")
    copies = [spacy.load(tmp_path / "pipeline"), spacy.blank("en").from_config(nlp.config).from_bytes(nlp.to_bytes())]
    for loaded in copies:
        np.testing.assert_allclose(cats_of(loaded), expected, atol=1e-6)
    pipe = pickle.loads(pickle.dumps(nlp.get_pipe("bert_zeroshot")))
    assert pipe(nlp.make_doc("x")).cats == pytest.approx(nlp("x").cats)


def renamed(nlp):
    nlp.rename_pipe("bert_nli", "nli")
    return nlp


def sourced_alone(nlp):
    other = spacy.blank("en")
    other.add_pipe("bert_zeroshot", source=nlp)
    return other


def sourced_beside_another(nlp):
    other = spacy.blank("en")
    another = other.add_pipe("bert_nli", config={"model": nlp.get_pipe_config("bert_nli")["model"]})
    another.initialize(lambda: [], labels=nlp.get_pipe("bert_nli").labels)
    other.add_pipe("bert_zeroshot", source=nlp)
    return other


def removed(nlp):
    nlp.remove_pipe("bert_nli")
    return nlp


@pytest.mark.parametrize("change", [renamed, sourced_alone, sourced_beside_another, removed])
def test_stands_on_the_same_component_after(zeroshot, tmp_path, change):
    """It takes what it stands on with it where that is not saved with the same pipeline; never another one."""
    zeroshot.get_pipe("bert_zeroshot").template = "It is {}."
    expected = cats_of(only_zeroshot(zeroshot))
    nlp = change(zeroshot)
    np.testing.assert_allclose(cats_of(only_zeroshot(nlp)), expected, atol=1e-6)
    nlp.to_disk(tmp_path / "first")
    loaded = spacy.load(tmp_path / "first")
    np.testing.assert_allclose(cats_of(only_zeroshot(loaded)), expected, atol=1e-6)
    loaded.to_disk(tmp_path / "second")
    again = spacy.load(tmp_path / "second")
    packed = spacy.blank("en").from_config(again.config).from_bytes(again.to_bytes())
    for copy in (again, packed):
        np.testing.assert_allclose(cats_of(only_zeroshot(copy)), expected, atol=1e-6)
    assert (tmp_path / "second" / "bert_zeroshot" / "nli").exists() == (change is not renamed)
    assert pickle.loads(pickle.dumps(again.get_pipe("bert_zeroshot")))(nlp.make_doc("x")).cats


def only_zeroshot(nlp):
    """Return the pipeline, with all but the bert_zeroshot disabled."""
    nlp.select_pipes(enable="bert_zeroshot")
    return nlp


def test_a_save_over_another_one_keeps_nothing_of_it(zeroshot, tmp_path):
    sourced_alone(zeroshot).to_disk(tmp_path)
    assert (tmp_path / "bert_zeroshot" / "nli").exists()
    zeroshot.to_disk(tmp_path)
    assert not (tmp_path / "bert_zeroshot" / "nli").exists()
    loaded = spacy.load(tmp_path)
    assert loaded.get_pipe("bert_zeroshot").nli is loaded.get_pipe("bert_nli")


SPOILT = [
    {},
    {"max_length": "x"},
    {"long_text": 3},
    {"stride": None},
    {"stride": True},
    {"max_batch_subwords": 1.5},
    {"device": None},
    {"device": 3},
    {"device": "meta"},
    {"precision": "half"},
    {"encoder": ["a"]},
]


@pytest.mark.parametrize("spoilt", SPOILT)
def test_a_spoilt_save_names_the_file(zeroshot, tmp_path, spoilt):
    sourced_alone(zeroshot).to_disk(tmp_path)
    file = tmp_path / "bert_zeroshot" / "nli" / "settings.json"
    srsly.write_json(file, {**srsly.read_json(file), **spoilt} if spoilt else {})
    with pytest.raises(ValueError, match=r"E105.*settings.json"):
        spacy.load(tmp_path)


def test_a_component_that_stands_there_no_more_is_not_replaced_by_another(zeroshot, tmp_path):
    zeroshot.to_disk(tmp_path)
    loaded = spacy.load(tmp_path, exclude=["bert_nli"])
    with pytest.raises(ValueError, match=r"E312.*'bert_nli'"):
        loaded("x")


def test_texts_go_past_the_component_it_stands_on(zeroshot):
    """Once that is said; pairs are compared as ever."""
    with pytest.warns(UserWarning, match=r"W310.*'bert_nli'.*my parcel"):
        docs = list(zeroshot.pipe(TEXTS))
    assert list(zeroshot("no pair").cats) == LABELS
    assert all(list(doc.cats) == LABELS for doc in docs)
    assert {"entailment", *LABELS} <= zeroshot("it rains [SEP] it is wet").cats.keys()


def test_no_texts(zeroshot):
    pipe = zeroshot.get_pipe("bert_zeroshot")
    assert pipe.predict([]).shape == (0, len(LABELS))
    assert list(pipe.pipe([])) == []


def test_is_scored_and_not_trained(zeroshot, make_pairs):
    weights = zeroshot.get_pipe("bert_nli").network.module.state_dict()["classifier.weight"].clone()
    zeroshot.select_pipes(enable="bert_zeroshot")
    gold = {"cats": {label: float(label == "payment") for label in LABELS}}
    examples = [Example.from_dict(zeroshot.make_doc(text), gold) for text in TEXTS]
    assert zeroshot.update(examples) == {}
    assert (zeroshot.get_pipe("bert_nli").network.module.state_dict()["classifier.weight"] == weights).all()
    assert 0 <= zeroshot.evaluate(examples)["cats_score"] <= 1


def test_labels_of_the_examples_where_none_are_given(trained):
    trained.add_pipe("bert_zeroshot")
    trained.select_pipes(enable="bert_zeroshot")
    with pytest.raises(ValueError, match=r"E313.*labels"):
        trained("x")
    pipe = trained.get_pipe("bert_zeroshot")
    gold = {"cats": {"b": 1.0, "a": 0.0}}
    pipe.initialize(lambda: [Example.from_dict(trained.make_doc("x"), gold)])
    assert pipe.labels == ("a", "b")


def test_errors_reach_the_handler(zeroshot):
    pipe = zeroshot.get_pipe("bert_zeroshot")
    pipe.template = "parcel " * 100 + "{}"
    seen = []
    pipe.set_error_handler(lambda name, proc, docs, err: seen.append((name, len(docs), str(err)[:6])))
    assert list(pipe.pipe(map(zeroshot.make_doc, TEXTS))) == []
    assert seen == [("bert_zeroshot", 1, "[E205]")] * len(TEXTS)


def test_no_component_to_stand_on(nlp, make_textcat):
    make_textcat(nlp)
    for number, nli in enumerate(("bert_nli", "bert_textcat")):
        pipe = nlp.add_pipe("bert_zeroshot", f"zeroshot{number}", config={"labels": LABELS, "nli": nli})
        with pytest.raises(ValueError, match=rf"E312.*{nli}"):
            pipe(nlp.make_doc("x"))
        with pytest.raises(ValueError, match=rf"E312.*{nli}"):
            pipe.initialize(list, nlp=nlp)


@pytest.mark.parametrize(
    "template", ["no place", "{} and {}", "about {{}}", "{0} {}", "{0}", "{label}", "{} }", "{", "{} {x}", "{:>9}", 3]
)
def test_a_template_without_one_place(trained, template):
    pipe = trained.add_pipe("bert_zeroshot", config={"labels": LABELS})
    with pytest.raises(ValueError, match=r"E308.*template"):
        pipe.template = template
    if isinstance(template, str):
        with pytest.raises(ValueError, match=r"E308.*template"):
            trained.add_pipe("bert_zeroshot", "other", config={"template": template})


def test_braces_of_a_template_are_written_twice(trained):
    pipe = trained.add_pipe("bert_zeroshot", config={"labels": LABELS, "template": "{{this}} is {}."})
    assert pipe.hypotheses() == [f"{{this}} is {label}." for label in LABELS]


def test_a_save_that_cannot_be_read_changes_nothing(zeroshot, tmp_path):
    zeroshot.to_disk(tmp_path / "shared")
    other = sourced_alone(zeroshot)
    other.to_disk(tmp_path / "alone")
    file = tmp_path / "alone" / "bert_zeroshot" / "cfg"
    srsly.write_json(file, {**srsly.read_json(file), "settings": {"template": "no place"}})
    loaded = spacy.load(tmp_path / "shared")
    pipe, nli = loaded.get_pipe("bert_zeroshot"), loaded.get_pipe("bert_nli")
    with pytest.raises(ValueError, match=r"E105.*template"):
        pipe.from_disk(tmp_path / "alone" / "bert_zeroshot")
    assert pipe.nli is nli


def test_a_checkpoint_of_another_kind(nlp, make_textcat, make_texts, train, tmp_path):
    make_textcat(nlp)
    train(nlp, make_texts(nlp), steps=1).get_pipe("bert_textcat").to_disk(tmp_path)
    with pytest.raises(ValueError, match=r"E314.*delivery"):
        own_checkpoint(tmp_path / "model")
