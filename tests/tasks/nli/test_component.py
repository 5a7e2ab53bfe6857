"""bert_nli: what it promises on its own, besides the suite that all components pass."""

from __future__ import annotations

import numpy as np
import pytest
import spacy
import torch
from spacy.tokens import DocBin
from spacy.training import Corpus, Example
from thinc.api import fix_random_seed
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from spacy_bertadapt import make_pair_doc
from spacy_bertadapt.tasks.nli.scorer import score_nli
from spacy_bertadapt.training.optimizer import adamw

WORDS = ["parcel", "courier", "late", "never", "arrived", "é", "🙂", "charged,", "twice!", "the", "a", "my"]
WORDS += ["[SEP]", "</s>", "[CLS]", "<s>"]


@pytest.fixture
def trained(nlp, make_nli, make_pairs, train_once):
    """A pipeline that has learned the pairs by heart."""
    make_nli(nlp)
    return train_once(nlp, make_pairs(nlp), steps=60)


def random_pairs(count: int) -> list[tuple[str, str]]:
    """Pairs of odd words: empty parts, literal special tokens, emoji, premises longer than the model."""
    random = np.random.default_rng(0)
    sizes = zip(random.integers(0, 90, count), random.integers(0, 12, count), strict=True)
    return [(" ".join(random.choice(WORDS, a)), " ".join(random.choice(WORDS, b))) for a, b in sizes]


@pytest.mark.parametrize("encoder", ["tiny_bert", "tiny_roberta", "tiny_electra"])
def test_logits_equal_transformers(nlp, make_nli, make_pairs, request, tmp_path, encoder):
    """The same checkpoint on the same pairs; special tokens in the text count as text on both sides."""
    pipe = make_nli(nlp, encoder={"name": str(request.getfixturevalue(encoder))}, long_text="first")
    nlp.initialize(lambda: make_pairs(nlp))
    pipe.to_disk(tmp_path)
    model = AutoModelForSequenceClassification.from_pretrained(tmp_path / "model").eval()
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "model", split_special_tokens=True)
    pairs = random_pairs(200)
    inputs = tokenizer(pairs, padding=True, truncation="only_first", max_length=64, return_tensors="pt")
    with torch.inference_mode():
        expected = model(**inputs).logits
    logits = pipe.text_logits(pipe.runner.predict(pipe.runner.encode(pairs)), len(pairs))
    np.testing.assert_allclose(logits.numpy(), expected.numpy(), atol=1e-5)
    assert any(len(premise.split()) > 62 for premise, _ in pairs)
    assert any(not premise for premise, _ in pairs)
    assert any(not hypothesis for _, hypothesis in pairs)


def test_learns_pairs(trained, make_pairs):
    scores = trained.evaluate(make_pairs(trained))
    assert scores["nli_acc"] == scores["nli_macro_f"] == scores["cats_score"] == pytest.approx(1.0)
    assert scores["nli_confusion"]["neutral"] == {"contradiction": 0, "entailment": 0, "neutral": 3}
    assert scores["nli_per_type"]["entailment"] == {"p": 1.0, "r": 1.0, "f": 1.0}


def test_compare_takes_strings_docs_and_spans(trained):
    premise, hypothesis = "my parcel never arrived", "the parcel is here"
    expected = trained.make_doc(f"{premise} [SEP] {hypothesis}")
    expected = trained.get_pipe("bert_nli")(expected).cats
    pipe = trained.get_pipe("bert_nli")
    doc = trained.make_doc(f"{premise} {hypothesis}")
    for pair in [(premise, hypothesis), (trained.make_doc(premise), doc[4:]), (doc[:4], hypothesis)]:
        assert pipe.compare(*pair) == pytest.approx(expected)
    assert sum(expected.values()) == pytest.approx(1.0)
    assert max(expected, key=expected.get) == "contradiction"


@pytest.mark.parametrize("batch_size", [1, 2, 1000])
def test_compare_many_keeps_the_order_of_a_stream(trained, batch_size):
    pipe = trained.get_pipe("bert_nli")
    pairs = random_pairs(20)
    compared = list(pipe.compare_many(iter(pairs), batch_size=batch_size))
    assert len(compared) == 20
    for pair, cats in zip(pairs, compared, strict=True):
        assert cats == pytest.approx(pipe.compare(*pair), abs=1e-5)


def test_compare_many_takes_dicts_by_the_names_of_the_parts(trained):
    pipe = trained.get_pipe("bert_nli")
    pairs = random_pairs(5)
    named = [{"hypothesis": hypothesis, "premise": premise, "label": None} for premise, hypothesis in pairs]
    for cats, expected in zip(pipe.compare_many(named), pipe.compare_many(pairs), strict=True):
        assert cats == pytest.approx(expected)


@pytest.mark.parametrize("wrong", [{"sentence1": "a", "sentence2": "b"}, ("a", "b", "c"), ("a",), "ab", 3, {"a", "b"}])
def test_what_is_no_pair(trained, wrong):
    with pytest.raises(TypeError, match=r"E212.*'premise'.*'hypothesis'"):
        list(trained.get_pipe("bert_nli").compare_many([("a", "b"), wrong]))


def test_what_is_no_text(trained):
    with pytest.raises(TypeError, match=r"E207.*NoneType"):
        trained.get_pipe("bert_nli").compare("a", None)


def test_a_hypothesis_that_leaves_no_room(trained):
    pipe = trained.get_pipe("bert_nli")
    with pytest.raises(ValueError, match=r"E205.* second text .* 100 subwords.*parcel parcel"):
        pipe.compare("my parcel", "parcel " * 100)
    assert pipe.compare("parcel " * 100, "my parcel")


@pytest.mark.parametrize("how", ["mean", "max", "first"])
def test_long_premises(nlp, make_nli, make_pairs, how):
    """Windows of the premise, each with the whole hypothesis."""
    pipe = make_nli(nlp, long_text=how, max_length=20)
    nlp.initialize(lambda: make_pairs(nlp))
    premise, hypothesis = ", . ! ? , , ; . " * 4, "the courier is new"  # one subword a mark
    room = 20 - 3 - len(pipe.runner.encode([hypothesis]).segments[0][0])
    words = premise.split()
    assert len(pipe.runner.encode([premise]).segments[0][0]) == len(words)
    pieces = [" ".join(words[start : start + room]) for start in range(0, len(words), room)]
    logits = [
        pipe.text_logits(pipe.runner.predict(pipe.runner.encode([(piece, hypothesis)])), 1)[0] for piece in pieces
    ]
    expected = {"mean": torch.stack(logits).mean(0), "max": torch.stack(logits).amax(0), "first": logits[0]}[how]
    probabilities = pipe.predict_texts(pipe.runner.encode([(premise, hypothesis)]))
    np.testing.assert_allclose(probabilities[0], expected.softmax(-1).numpy(), atol=1e-5)


def test_labels_of_a_checkpoint_in_any_order_and_case(nlp, make_nli, make_pairs, trained, tmp_path):
    trained.get_pipe("bert_nli").to_disk(tmp_path)
    folder = tmp_path / "model"
    model = AutoModelForSequenceClassification.from_pretrained(folder)
    upper = {index: label.upper() for index, label in model.config.id2label.items()}
    model.config.id2label, model.config.label2id = upper, {label: index for index, label in upper.items()}
    model.save_pretrained(folder)
    pair = ("my parcel never arrived", "the parcel is here")
    expected = trained.get_pipe("bert_nli").compare(*pair)
    pipe = make_nli(spacy.blank("en"), encoder={"name": str(folder)})
    pipe.initialize(lambda: [])
    assert pipe.compare(*pair) == pytest.approx({label.upper(): value for label, value in expected.items()})
    pipe.initialize(lambda: make_pairs(nlp))
    assert pipe.compare(*pair) == pytest.approx(expected), "the data's spelling, and the trained head"


def test_two_way_labels(nlp, make_nli, train):
    make_nli(nlp)
    pairs = {"entailment": "the parcel is not here", "not_entailment": "the parcel is blue"}
    examples = [
        Example.from_dict(
            make_pair_doc(nlp, "my parcel never arrived", hypothesis, "nli"),
            {"cats": {name: float(name == label) for name in pairs}},
        )
        for label, hypothesis in pairs.items()
    ]
    train(nlp, examples, steps=40)
    for label, hypothesis in pairs.items():
        cats = nlp(f"my parcel never arrived [SEP] {hypothesis}").cats
        assert max(cats, key=cats.get) == label


def test_spacys_own_corpus_trains_and_scores(nlp, make_nli, make_pairs, tmp_path):
    """It makes the predicted Doc from the text alone; the gold Doc keeps a literal [SEP] in its place."""
    with pytest.warns(UserWarning, match="W321"):
        odd = make_pair_doc(nlp, "a [SEP] b", "c", "nli")
    odd.cats = {"contradiction": 0.0, "entailment": 1.0, "neutral": 0.0}
    DocBin(docs=[*(example.reference for example in make_pairs(nlp)), odd]).to_disk(tmp_path / "pairs.spacy")
    pipe = make_nli(nlp)
    read = Corpus(tmp_path / "pairs.spacy")
    nlp.initialize(lambda: read(nlp))
    examples = list(read(nlp))
    assert "premise" not in examples[0].predicted.spans
    first, second = pipe.encode([examples[-1].reference]).segments
    assert [pipe.runner.subwords.decode(part.ids) for part in (first[0], second[0])] == ["a sep b", "c"]
    nlp.update(examples, sgd=adamw(1e-3))
    assert nlp.evaluate(examples[:-1]) | {"speed": 0} == nlp.evaluate(make_pairs(nlp)) | {"speed": 0}


def test_a_doc_that_is_no_pair(trained):
    with pytest.raises(ValueError, match=r"E203.*make_pair_doc"):
        trained("no pair")


def test_prediction_leaves_the_doc_as_it_was(trained):
    doc = trained.make_doc("a [SEP] b")
    trained.get_pipe("bert_nli").predict([doc])
    assert not doc.spans
    assert not doc.cats


def test_beside_a_textcat(nlp, make_textcat, make_nli, make_pairs, tmp_path, tiny_roberta):
    """Both learn from the same Docs, each its own labels with its own encoder, as if the other were not there."""
    labels = {
        "bert_textcat": ["delivery", "payment"],
        "bert_nli": ["contradiction", "entailment", "neutral"],
    }
    make_textcat(nlp)
    make_nli(nlp, encoder={"name": str(tiny_roberta)})
    examples = make_pairs(nlp)
    for example in examples:
        topic = labels["bert_textcat"]["card" in example.reference.text]
        example.reference.cats |= {name: float(name == topic) for name in labels["bert_textcat"]}
    nlp.config["initialize"]["components"] = {name: {"labels": own} for name, own in labels.items()}
    fix_random_seed(0)
    with pytest.warns(UserWarning, match="W306"):
        nlp.initialize(lambda: examples)
    nlp.to_disk(tmp_path / "untrained")
    alone = {
        name: spacy.load(tmp_path / "untrained", exclude=[other for other in labels if other != name])
        for name in labels
    }

    def learn(pipeline):
        optimizer = adamw(1e-3)
        return [pipeline.update(examples, sgd=optimizer, losses={}) for _ in range(60)]

    together = learn(nlp)
    nlp.to_disk(tmp_path / "trained")
    loaded = spacy.load(tmp_path / "trained")
    for name, pipeline in alone.items():
        losses = [float(step[name]) for step in learn(pipeline)]
        assert [float(step[name]) for step in together] == pytest.approx(losses, abs=1e-3)
        assert losses[-1] < 0.7 * losses[0]
        for example in examples:
            cats = loaded(example.reference.text).cats
            expected = pipeline(example.reference.text).cats
            assert expected.keys() == set(labels[name])
            assert {label: cats[label] for label in expected} == pytest.approx(expected, abs=1e-3)
    encoders = [type(loaded.get_pipe(name).network.module).__name__ for name in ("bert_textcat", "bert_nli")]
    assert encoders == ["BertForSequenceClassification", "RobertaForSequenceClassification"]


def test_trained_apart_and_put_together(trained, make_textcat, make_texts, train, tmp_path):
    both = spacy.blank("en")
    make_textcat(both)
    train(both, make_texts(both), steps=40)
    both.add_pipe("bert_nli", source=trained)
    text = "my parcel never arrived [SEP] the parcel is here"
    expected = trained(text).cats
    both.to_disk(tmp_path)
    for pipeline in (both, spacy.load(tmp_path)):
        cats = pipeline(text).cats
        assert {label: cats[label] for label in expected} == pytest.approx(expected, abs=1e-5)
        assert {"delivery", "payment", "returns"} <= cats.keys()


def make_example(nlp, gold: str | None, **predictions: float) -> Example:
    reference = nlp.make_doc("a [SEP] b")
    reference.cats = {} if gold is None else {gold: 1.0}
    predicted = nlp.make_doc("a [SEP] b")
    predicted.cats = predictions
    return Example(predicted, reference)


def test_scores(nlp):
    labels = ["entailment", "neutral", "contradiction"]
    examples = [
        make_example(nlp, "entailment", entailment=0.9, neutral=0.1, other=1.0),
        make_example(nlp, "entailment", entailment=0.2, neutral=0.8),
        make_example(nlp, "neutral", entailment=0.1, neutral=0.9),
        make_example(nlp, None, entailment=1.0),
    ]
    scores = score_nli(examples, labels=labels, exclusive=True)
    assert scores["nli_acc"] == pytest.approx(2 / 3)
    assert scores["nli_confusion"]["entailment"] == {"entailment": 1, "neutral": 1, "contradiction": 0}
    assert scores["nli_per_type"]["neutral"] == pytest.approx({"p": 0.5, "r": 1.0, "f": 2 / 3})
    assert scores["nli_per_type"]["contradiction"] == {"p": 0.0, "r": 0.0, "f": 0.0}
    assert scores["nli_macro_f"] == pytest.approx((2 / 3 + 2 / 3 + 0) / 3)


def test_scores_without_gold(nlp):
    scores = score_nli([make_example(nlp, None, entailment=1.0)], labels=["entailment"], exclusive=True)
    assert scores["nli_acc"] is None


def test_errors_name_no_setting_that_there_is_not(nlp, make_nli, make_pairs, make_textcat, make_texts, tmp_path):
    """A bert_nli has no `exclusive`."""
    pipe = make_nli(nlp)
    with pytest.raises(ValueError, match="E322") as single:
        pipe.initialize(list, labels=["entailment"])
    nlp.initialize(lambda: make_pairs(nlp))
    example = make_pairs(nlp)[0]
    example.reference.cats = dict.fromkeys(pipe.labels, 1.0)
    with pytest.raises(ValueError, match="E323") as several:
        nlp.update([example])
    other = spacy.blank("en")
    make_textcat(other, exclusive=False).initialize(lambda: make_texts(other))
    other.to_disk(tmp_path)
    name = str(tmp_path / "bert_textcat" / "model")
    with pytest.raises(ValueError, match="E321") as kind:
        make_nli(spacy.blank("en"), encoder={"name": name}).initialize(list)
    assert not any("exclusive =" in str(err.value) for err in (single, several, kind))
