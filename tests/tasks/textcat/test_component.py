"""bert_textcat: what it promises on its own, besides the suite that all components pass."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import spacy
import srsly
import torch
from spacy.cli.find_threshold import find_threshold
from spacy.tokens import DocBin
from spacy.training import Example
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from spacy_bertadapt.training.optimizer import adamw

LONG = "my parcel never arrived and the courier was late again " * 40


def logits_of(pipe, texts):
    """Logits of the first window of each text."""
    outputs = pipe.runner.predict(pipe.runner.encode(texts))
    first = np.unique(outputs.batch.windows.text, return_index=True)[1]
    return outputs.sequence_logits(len(pipe.labels))[first]


@pytest.fixture
def trained(nlp, make_textcat, make_examples, train_once):
    """A pipeline that has learned the task by heart."""
    make_textcat(nlp)
    return train_once(nlp, make_examples(nlp))


def test_learns_exclusive_labels(trained, make_examples):
    examples = make_examples(trained)
    scores = trained.evaluate(examples)
    assert scores["cats_score"] == pytest.approx(1.0)
    assert {"cats_macro_f", "cats_macro_auc", "cats_f_per_type", "cats_micro_f"} <= scores.keys()
    assert sum(trained("my parcel never arrived").cats.values()) == pytest.approx(1.0)


def test_learns_several_labels(nlp, make_textcat, make_examples, train):
    make_textcat(nlp, exclusive=False)
    examples = make_examples(nlp, several=True)
    train(nlp, examples)
    for example in examples:
        likely = {label for label, score in nlp(example.reference.text).cats.items() if score > 0.5}
        assert likely == {label for label, value in example.reference.cats.items() if value}


def test_logits_equal_transformers(trained, tmp_path):
    pipe = trained.get_pipe("bert_textcat")
    pipe.to_disk(tmp_path / "component")
    folder = tmp_path / "component" / "model"
    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    texts = ["my parcel", "", "é 🙂 ok", "the invoice is wrong, again!", LONG]
    with torch.inference_mode():
        expected = model(**tokenizer(texts, padding=True, truncation=True, max_length=64, return_tensors="pt")).logits
    np.testing.assert_allclose(logits_of(pipe, texts), expected.numpy(), atol=1e-5)
    assert model.config.id2label == dict(enumerate(pipe.labels))


@pytest.mark.parametrize("accumulate", [1, 3])
def test_one_step_equals_torch(nlp, make_textcat, make_examples, accumulate):
    """The loss, and the weights after one AdamW step, as a plain loop with torch has them.

    eps is above the noise of gradients that are zero but for rounding, such as those of BERT's key biases.
    """
    pipe = make_textcat(nlp)
    examples = make_examples(nlp)
    nlp.initialize(lambda: examples)
    tokenizer = pipe.network.checkpoint.tokenizer
    model = AutoModelForSequenceClassification.from_config(pipe.network.module.config)
    model.load_state_dict(pipe.network.module.state_dict())
    decayed = [p for p in model.parameters() if p.dim() > 1]
    others = [p for p in model.parameters() if p.dim() <= 1]
    reference = torch.optim.AdamW([{"params": decayed}, {"params": others, "weight_decay": 0.0}], lr=5e-5, eps=1e-6)
    gold = torch.tensor([pipe.labels.index(max(eg.reference.cats, key=eg.reference.cats.get)) for eg in examples])
    inputs = tokenizer([eg.reference.text for eg in examples], padding=True, return_tensors="pt")
    expected = torch.nn.functional.cross_entropy(model.train()(**inputs).logits, gold)
    expected.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    reference.step()

    optimizer = adamw(5e-5, eps=1e-6)
    losses: dict[str, float] = {}
    size = len(examples) // accumulate
    for start in range(0, len(examples), size):
        pipe.update(examples[start : start + size], losses=losses)
    pipe.finish_update(optimizer)
    assert losses["bert_textcat"] / accumulate == pytest.approx(expected.item(), abs=1e-5)
    for ours, theirs in zip(pipe.network.module.parameters(), model.parameters(), strict=True):
        np.testing.assert_allclose(ours.detach().numpy(), theirs.detach().numpy(), atol=1e-6)


def test_slices_add_up_to_the_same_step(nlp, make_textcat, make_examples):
    whole = make_textcat(nlp)
    examples = make_examples(nlp)
    nlp.initialize(lambda: examples)
    sliced = make_textcat(spacy.blank("en"), max_batch_subwords=24)
    sliced.from_bytes(whole.to_bytes())
    a = whole.update(examples)
    b = sliced.update(examples)
    assert a["bert_textcat"] == pytest.approx(b["bert_textcat"], abs=1e-5)
    for ours, theirs in zip(whole.network.module.parameters(), sliced.network.module.parameters(), strict=True):
        np.testing.assert_allclose(ours.grad.numpy(), theirs.grad.numpy(), atol=1e-6)


@pytest.mark.parametrize("how", ["mean", "max", "first"])
def test_long_texts(nlp, make_textcat, make_examples, how):
    pipe = make_textcat(nlp, long_text=how, max_length=32)
    nlp.initialize(lambda: make_examples(nlp))
    everything = make_textcat(spacy.blank("en"), max_length=32).from_bytes(pipe.to_bytes())
    rows = everything.runner.predict(everything.runner.encode([LONG])).sequence_logits(3)
    pooled = {"mean": rows.mean(0), "max": rows.max(0), "first": rows[0]}[how]
    expected = torch.from_numpy(pooled).softmax(-1).numpy()
    assert len(rows) > 5
    np.testing.assert_allclose(list(nlp(LONG).cats.values()), expected, atol=1e-6)
    losses = nlp.update([Example.from_dict(nlp.make_doc(LONG), {"cats": {"delivery": 1.0}})], sgd=adamw(1e-3))
    assert np.isfinite(losses["bert_textcat"])


def test_long_text_setting_is_checked(nlp, make_textcat):
    with pytest.raises(ValueError, match="E202"):
        make_textcat(nlp, long_text="median")


def test_first_window_alone_is_computed_when_only_it_counts(nlp, make_textcat, make_examples):
    pipe = make_textcat(nlp, long_text="first", max_length=32)
    nlp.initialize(lambda: make_examples(nlp))
    texts = pipe.encode([nlp.make_doc(LONG)])
    assert len(pipe.runner.windows(texts)) == len(pipe.runner.windows(texts, training=True)) == 1
    assert len(pipe.runner.predict(texts).batch) == 1


def test_trained_head_predicts_without_training(trained, tmp_path, nlp, make_textcat):
    trained.get_pipe("bert_textcat").to_disk(tmp_path / "saved")
    fresh = spacy.blank("en")
    make_textcat(fresh, encoder={"name": str(tmp_path / "saved" / "model")}).initialize(lambda: [])
    for text in ("my parcel never arrived", "the invoice is wrong"):
        assert fresh(text).cats == pytest.approx(trained(text).cats, abs=1e-6)


def test_trained_head_is_kept_for_the_same_labels_and_replaced_for_others(trained, tmp_path, make_textcat):
    trained.get_pipe("bert_textcat").to_disk(tmp_path / "saved")
    encoder = {"name": str(tmp_path / "saved" / "model")}
    fresh = spacy.blank("en")
    pipe = make_textcat(fresh, encoder=encoder)
    pipe.initialize(lambda: [], labels=["returns", "payment", "delivery"])
    assert pipe.labels == ("delivery", "payment", "returns")
    assert fresh("the invoice is wrong").cats == pytest.approx(trained("the invoice is wrong").cats, abs=1e-6)
    with pytest.warns(UserWarning, match="W101"):
        pipe.initialize(lambda: [], labels=["a", "b"])
    assert pipe.labels == ("a", "b")


def test_multi_label_checkpoint_is_refused_as_exclusive(nlp, make_textcat, make_examples, tmp_path):
    pipe = make_textcat(nlp, exclusive=False)
    nlp.initialize(lambda: make_examples(nlp))
    pipe.to_disk(tmp_path / "saved")
    fresh = spacy.blank("en")
    with pytest.raises(ValueError, match="E112"):
        make_textcat(fresh, encoder={"name": str(tmp_path / "saved" / "model")}).initialize(lambda: [])


def test_a_new_head_on_a_checkpoint_of_a_regression(nlp, make_textcat, make_examples, classifier_folder):
    folder = classifier_folder(["LABEL_0"], problem_type="regression")
    make_textcat(nlp, encoder={"name": str(folder)})
    nlp.initialize(lambda: make_examples(nlp))
    assert nlp.get_pipe("bert_textcat").labels == ("delivery", "payment", "returns")


@pytest.mark.parametrize("exclusive", [True, False])
def test_a_checkpoint_that_names_a_label_twice_is_refused(nlp, make_textcat, classifier_folder, exclusive):
    folder = classifier_folder(["good", "bad", "good", "bad", "none"])
    pipe = make_textcat(nlp, exclusive=exclusive, encoder={"name": str(folder)})
    with pytest.raises(ValueError, match=r"E319.*'bad', 'good'"):
        pipe.initialize(lambda: [])


def test_labels_given_and_added(nlp, make_textcat, make_examples):
    pipe = make_textcat(nlp)
    assert pipe.add_label("returns") == 1
    assert pipe.add_label("returns") == 0
    pipe.add_label("payment")
    pipe.add_label("delivery")
    pipe.initialize(lambda: make_examples(nlp))
    assert pipe.labels == ("returns", "payment", "delivery")
    assert pipe.label_data == ["returns", "payment", "delivery"]
    with pytest.raises(ValueError, match="E304"):
        pipe.add_label("more")


def test_labels_from_data_are_sorted(nlp, make_textcat, make_examples):
    pipe = make_textcat(nlp)
    nlp.initialize(lambda: reversed(make_examples(nlp)))
    assert pipe.labels == ("delivery", "payment", "returns")


def test_unknown_label(nlp, make_textcat, make_examples):
    make_textcat(nlp)
    nlp.initialize(lambda: make_examples(nlp))
    bad = Example.from_dict(nlp.make_doc("x"), {"cats": {"unheard": 1.0}})
    with pytest.raises(ValueError, match=r"E303.*unheard"):
        nlp.update([bad])
    with pytest.warns(UserWarning, match=r"W305.*unheard"):
        nlp.evaluate([bad])


def test_labels_of_the_data_that_are_not_among_those_given_are_left_to_others(nlp, make_textcat, make_examples):
    pipe, examples = make_textcat(nlp), make_examples(nlp)
    for example in examples:
        example.reference.cats["urgent"] = 1.0
    only_urgent = Example.from_dict(nlp.make_doc("x"), {"cats": {"urgent": 1.0}})
    with pytest.warns(UserWarning, match=r"W306.*urgent"):
        pipe.initialize(lambda: examples, labels=["delivery", "payment", "returns"])
    assert pipe.update([only_urgent]) == {"bert_textcat": 0.0}
    assert pipe.update([*examples, only_urgent])["bert_textcat"] == pytest.approx(pipe.update(examples)["bert_textcat"])
    copy = spacy.blank("en").add_pipe("bert_textcat").from_bytes(pipe.to_bytes())
    assert copy.update([only_urgent]) == {"bert_textcat": 0.0}
    assert "urgent" not in copy.score([Example(nlp(eg.reference.text), eg.reference) for eg in examples])


def test_several_labels_where_one_is_allowed(nlp, make_textcat, make_examples):
    make_textcat(nlp)
    nlp.initialize(lambda: make_examples(nlp))
    with pytest.raises(ValueError, match="E305"):
        nlp.update(make_examples(nlp, several=True))


def test_no_examples_and_no_labels(nlp, make_textcat):
    with pytest.raises(ValueError, match="E301"):
        make_textcat(nlp).initialize(lambda: [])


def test_one_label(nlp, make_textcat):
    example = Example.from_dict(nlp.make_doc("x"), {"cats": {"only": 1.0}})
    with pytest.raises(ValueError, match=r"E302.*only"):
        make_textcat(nlp).initialize(lambda: [example])


def test_unannotated_examples_teach_nothing(nlp, make_textcat, make_examples):
    pipe = make_textcat(nlp)
    examples = make_examples(nlp)
    blank = Example.from_dict(nlp.make_doc("no label here"), {})
    with pytest.warns(UserWarning, match=r"W303.*1 of 10"):
        nlp.initialize(lambda: [*examples, blank])
    with_blank = pipe.update([*examples, blank])["bert_textcat"]
    pipe.shim.learner.forget()
    assert with_blank == pytest.approx(pipe.update(examples)["bert_textcat"], abs=1e-6)


def test_missing_labels_of_a_multi_label_text_cost_nothing(nlp, make_textcat, make_examples):
    pipe = make_textcat(nlp, exclusive=False)
    nlp.initialize(lambda: make_examples(nlp))
    example = Example.from_dict(nlp.make_doc("late parcel"), {"cats": {"delivery": 1.0}})
    logit = float(logits_of(pipe, ["late parcel"])[0, 0])
    assert pipe.update([example])["bert_textcat"] == pytest.approx(np.log1p(np.exp(-logit)), abs=1e-5)


def test_balanced_class_weights_survive_saving(nlp, make_textcat, make_examples):
    loss = {"@losses": "spacy-bertadapt.CrossEntropy.v1", "class_weights": "balanced"}
    pipe = make_textcat(nlp, loss=loss)
    examples = make_examples(nlp)[:5]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        nlp.initialize(lambda: examples)
    assert pipe._class_weights == pytest.approx([5 / 9, 5 / 6, 5 / 3])
    fresh = make_textcat(spacy.blank("en"), loss=loss)
    fresh.from_bytes(pipe.to_bytes())
    assert fresh._class_weights == pytest.approx(pipe._class_weights)


@pytest.mark.parametrize(
    "state",
    [
        {"class_weights": 5},
        {"class_weights": "abc"},
        {"class_weights": [1, 2]},
        {"class_weights": [1, 2, -1]},
        {"class_weights": [1, 2, True]},
        {"ignored_labels": "abc"},
        {"ignored_labels": [1]},
        {"settings": 5},
    ],
)
def test_a_spoilt_state_is_one_line(nlp, make_textcat, make_examples, tmp_path, state):
    make_textcat(nlp)
    nlp.initialize(lambda: make_examples(nlp))
    nlp.to_disk(tmp_path)
    srsly.write_json(tmp_path / "bert_textcat" / "cfg", state)
    with pytest.raises(ValueError, match=r"E105|E308") as caught:
        spacy.load(tmp_path)
    assert "\n" not in str(caught.value)


def test_nan_never_reaches_the_weights(nlp, make_textcat, make_examples):
    pipe = make_textcat(nlp)
    examples = make_examples(nlp)
    optimizer = nlp.initialize(lambda: examples, sgd=adamw(float("nan")))
    optimizer.learn_rate = 1e-3
    nlp.update(examples, sgd=optimizer)
    with torch.no_grad():
        pipe.network.module.classifier.bias[0] = float("inf")
    before = [p.detach().clone() for p in pipe.network.module.parameters()]
    with pytest.warns(UserWarning, match="W301"):
        nlp.update(examples, sgd=optimizer)
    assert all(torch.equal(a, b) for a, b in zip(before, pipe.network.module.parameters(), strict=True))
    with pytest.warns(UserWarning, match="W301"):
        nlp.update(examples, sgd=optimizer)
    with pytest.raises(ValueError, match="E306"):
        nlp.update(examples, sgd=optimizer)


def test_scores_use_the_threshold(nlp, make_textcat, make_examples, train):
    pipe = make_textcat(nlp, exclusive=False)
    examples = make_examples(nlp, several=True)
    train(nlp, examples, steps=1)
    pipe.threshold = 0.0
    everything = nlp.evaluate(examples)
    pipe.threshold = 1.0
    nothing = nlp.evaluate(examples)
    assert everything["cats_micro_r"] == 1.0
    assert nothing["cats_micro_r"] == 0.0


def test_find_threshold(nlp, make_textcat, make_examples, train, tmp_path):
    make_textcat(nlp, exclusive=False)
    examples = make_examples(nlp, several=True)
    train(nlp, examples)
    nlp.to_disk(tmp_path / "pipeline")
    DocBin(docs=[example.reference for example in examples]).to_disk(tmp_path / "dev.spacy")
    best, score, scores = find_threshold(
        tmp_path / "pipeline", tmp_path / "dev.spacy", "bert_textcat", "threshold", "cats_macro_f", n_trials=3
    )
    assert (best, score) == (0.5, 1.0)
    assert scores[0.0] == pytest.approx(0.8)
    assert scores[1.0] == 0.0


def test_max_length_beyond_the_encoder(nlp, make_textcat, make_examples):
    make_textcat(nlp, max_length=65)
    with pytest.raises(ValueError, match=r"E110.*64"):
        nlp.initialize(lambda: make_examples(nlp))


@pytest.mark.parametrize(
    ("setting", "value"), [("stride", -1), ("max_length", 0), ("max_windows", 0), ("max_batch_subwords", 0)]
)
def test_settings_that_make_no_sense(nlp, make_textcat, setting, value):
    with pytest.raises(ValueError, match=rf"E308.*{setting}"):
        make_textcat(nlp, **{setting: value})


def test_windows_that_would_not_move_on_are_refused_before_training(nlp, make_textcat, make_examples):
    make_textcat(nlp, max_length=20, stride=18)
    with pytest.raises(ValueError, match=r"E201.*stride = 18"):
        nlp.initialize(lambda: make_examples(nlp))


@pytest.mark.parametrize(("exclusive", "loss"), [(True, "BinaryCrossEntropy"), (False, "CrossEntropy")])
def test_a_loss_of_the_other_kind_is_refused(nlp, make_textcat, exclusive, loss):
    with pytest.raises(ValueError, match=rf"E308.*loss = '{loss}'.*exclusive = {exclusive}"):
        make_textcat(nlp, exclusive=exclusive, loss={"@losses": f"spacy-bertadapt.{loss}.v1"})


def test_positive_label_must_be_one_of_two(nlp, make_textcat, make_examples):
    make_textcat(nlp, positive_label="nonsense")
    with pytest.raises(ValueError, match=r"E308.*positive_label = 'nonsense'"):
        nlp.initialize(lambda: make_examples(nlp))


@pytest.mark.parametrize("value", [1.5, -0.1, float("nan")])
def test_gold_beyond_zero_and_one_is_refused(nlp, make_textcat, make_examples, value):
    examples = make_examples(nlp)
    make_textcat(nlp)
    nlp.initialize(lambda: examples)
    examples[0].reference.cats = dict.fromkeys(nlp.get_pipe("bert_textcat").labels, value)
    with pytest.raises(ValueError, match=r"E311.*" + str(value)):
        nlp.update(examples[:1])


def test_gold_of_unknown_labels_is_reported_in_scoring(trained, make_examples):
    examples = make_examples(trained)
    expected = trained.evaluate(examples)["cats_score"]
    stranger = Example.from_dict(trained.make_doc("of another kind"), {"cats": {"unheard-of": 1.0}})
    with pytest.warns(UserWarning, match=r"W305.* 1 gold annotation.*unheard-of"):
        assert trained.evaluate([*examples, stranger])["cats_score"] < expected


def test_untrained_component(nlp, make_textcat):
    make_textcat(nlp)
    with pytest.raises(ValueError, match="E106"):
        nlp("x")
