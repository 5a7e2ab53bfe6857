"""bert_zeroshot: labels as hypotheses, judged by a component of the pipeline or a checkpoint of its own."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import spacy
from spacy.training import Example
from transformers import pipeline

LABELS = ["delivery", "payment", "the weather"]
TEXTS = ["my parcel never arrived", "my card was charged twice", "", "🙂", "the courier was late again " * 20]


@pytest.fixture
def trained(nlp, make_nli, make_pairs, train):
    """A pipeline with a trained bert_nli."""
    make_nli(nlp)
    return train(nlp, make_pairs(nlp), steps=30)


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
    assert seen == [("bert_zeroshot", len(TEXTS), "[E205]")]


def test_no_component_to_stand_on(nlp, make_textcat):
    with pytest.raises(ValueError, match=r"E312.*bert_nli"):
        nlp.add_pipe("bert_zeroshot", config={"labels": LABELS})
    make_textcat(nlp)
    with pytest.raises(ValueError, match=r"E312.*bert_textcat"):
        nlp.add_pipe("bert_zeroshot", config={"labels": LABELS, "nli": "bert_textcat"})


@pytest.mark.parametrize("template", ["no place", "{} and {}"])
def test_a_template_without_one_place(trained, template):
    with pytest.raises(ValueError, match=r"E308.*template"):
        trained.add_pipe("bert_zeroshot", config={"template": template})


def test_a_checkpoint_of_another_kind(nlp, make_textcat, make_texts, train, tmp_path):
    make_textcat(nlp)
    train(nlp, make_texts(nlp), steps=1).get_pipe("bert_textcat").to_disk(tmp_path)
    with pytest.raises(ValueError, match=r"E314.*delivery"):
        own_checkpoint(tmp_path / "model")
