"""Components that predict numbers: learned by a squared error, or of a checkpoint that predicts them."""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
import torch
from spacy.language import Language
from spacy.training import Example
from thinc.api import fix_random_seed
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from spacy_bertadapt import make_pair_doc
from spacy_bertadapt.errors import InvalidError
from spacy_bertadapt.tasks.categories.kinds import EXCLUSIVE, INDEPENDENT, NUMBERS
from tests.fixtures.annotations import assert_same

SQUARED_ERROR = {"@losses": "spacy-bertadapt.MeanSquaredError.v1"}
PAIRS = [
    ("my parcel never arrived", "the parcel is not here", 2.0),
    ("my parcel never arrived", "my card was charged", 0.0),
    ("the courier was late again", "the courier is late", 1.5),
    ("the courier was late again", "I want to return this", -1.0),
]


def make_numbers(nlp: Language, task: str, **others: float) -> list[Example]:
    """Four texts or pairs with a number each. others: further numbers of all of them."""
    examples = []
    for first, second, number in PAIRS:
        make = (
            (lambda *parts: make_pair_doc(nlp, *parts, "nli"))
            if task == "nli"
            else lambda a, b: nlp.make_doc(f"{a} {b}")
        )
        reference = make(first, second)
        reference.cats = {"likeness": number, **others}
        examples.append(Example(make(first, second), reference))
    return examples


def texts_of(examples: list[Example]) -> list[str]:
    return [example.reference.text for example in examples]


@pytest.fixture(params=["textcat", "nli"])
def task(request: pytest.FixtureRequest) -> str:
    return request.param


def test_learns_numbers_and_keeps_them(
    nlp: Language, task: str, make_pipe: Callable, train: Callable, tmp_path: Path
) -> None:
    examples = make_numbers(nlp, task)
    fix_random_seed(0)
    pipe = make_pipe(task, nlp, loss=SQUARED_ERROR)
    train(nlp, examples, steps=60)
    assert pipe.kind is NUMBERS
    for doc, example in zip(nlp.pipe(texts_of(examples)), examples, strict=True):
        assert doc.cats["likeness"] == pytest.approx(example.reference.cats["likeness"], abs=0.4)
    scores = nlp.evaluate(make_numbers(nlp, task))
    assert scores["cats_pearson"] > 0.98
    assert scores["cats_rmse"] < 0.3
    assert scores["cats_score_desc"] == "mean of Pearson and Spearman"
    assert not {"cats_macro_f", "nli_acc", "nli_confusion"} & scores.keys()
    nlp.to_disk(tmp_path / "saved")
    for other in (spacy.load(tmp_path / "saved"), pickle.loads(pickle.dumps(nlp))):
        assert_same(nlp.pipe(texts_of(examples)), other.pipe(texts_of(examples)), atol=1e-6)
        assert other.evaluate(make_numbers(nlp, task))["cats_rmse"] == pytest.approx(scores["cats_rmse"])


def test_one_step_is_that_of_transformers(
    nlp: Language, task: str, make_pipe: Callable, classifier_folder: Callable
) -> None:
    """Loss and gradients of two numbers a text are those of Transformers' regression."""
    folder = classifier_folder(["likeness", "length"], problem_type="regression")
    examples = make_numbers(nlp, task, length=2.5)
    pipe = make_pipe(task, nlp, loss=SQUARED_ERROR, encoder={"name": str(folder)})
    nlp.initialize(lambda: examples)
    assert pipe.labels == ("likeness", "length")
    losses = pipe.update(examples)
    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    parts = [first_and_second(example, task) for example in examples]
    inputs = AutoTokenizer.from_pretrained(folder)(
        *map(list, zip(*parts, strict=True)), padding=True, return_tensors="pt"
    )
    gold = torch.tensor([[example.reference.cats[label] for label in pipe.labels] for example in examples])
    expected = model(**inputs, labels=gold).loss
    expected.backward()
    assert float(losses[pipe.name]) == pytest.approx(expected.item(), rel=1e-5)
    theirs = dict(model.named_parameters())
    for name, parameter in pipe.network.module.named_parameters():
        if parameter.grad is not None:
            torch.testing.assert_close(parameter.grad / len(examples), theirs[name].grad, atol=1e-5, rtol=1e-4)


def first_and_second(example: Example, task: str) -> tuple[str, ...]:
    text = example.reference.text
    return tuple(text.split(" [SEP] ")) if task == "nli" else (text,)


def test_a_checkpoint_of_numbers_gives_its_logits(
    nlp: Language, task: str, make_pipe: Callable, classifier_folder: Callable, tmp_path: Path
) -> None:
    folder = classifier_folder(["likeness"], problem_type="regression")
    pipe = make_pipe(task, nlp, encoder={"name": str(folder)})
    pipe.initialize(lambda: [])
    examples = make_numbers(nlp, task)
    parts = [first_and_second(example, task) for example in examples]
    inputs = AutoTokenizer.from_pretrained(folder)(
        *map(list, zip(*parts, strict=True)), padding=True, return_tensors="pt"
    )
    with torch.no_grad():
        expected = AutoModelForSequenceClassification.from_pretrained(folder).eval()(**inputs).logits
    ours = [[doc.cats["likeness"]] for doc in nlp.pipe(texts_of(examples))]
    np.testing.assert_allclose(ours, expected.numpy(), atol=1e-5)
    nlp.to_disk(tmp_path / "saved")
    again = AutoModelForSequenceClassification.from_pretrained(tmp_path / "saved" / pipe.name / "model")
    assert again.config.problem_type == "regression"
    assert_same(nlp.pipe(texts_of(examples)), spacy.load(tmp_path / "saved").pipe(texts_of(examples)), atol=1e-6)


def test_a_checkpoint_of_numbers_learns_on(
    nlp: Language, make_textcat: Callable, classifier_folder: Callable, train: Callable
) -> None:
    """Without a loss in the config it is the squared error; numbers of 0 and below are gold as others are."""
    folder = classifier_folder(["likeness"], problem_type="regression")
    pipe = make_textcat(nlp, encoder={"name": str(folder)})
    examples = make_numbers(nlp, "textcat")[1:]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        train(nlp, examples, steps=40)
    assert pipe.kind is NUMBERS
    assert nlp.evaluate(examples)["cats_rmse"] < 1
    assert nlp.evaluate(examples)["cats_pearson"] > 0.9


def test_a_single_output_without_a_kind_is_a_number(
    nlp: Language, task: str, make_pipe: Callable, classifier_folder: Callable
) -> None:
    """Cross-encoders of sentence-transformers are so, and their output has no name."""
    folder = classifier_folder(["LABEL_0"])
    pipe = make_pipe(task, nlp, encoder={"name": str(folder)})
    pipe.initialize(lambda: [])
    assert (pipe.kind, pipe.labels) == (NUMBERS, ("LABEL_0",))
    examples = make_numbers(nlp, task)
    pipe.initialize(lambda: examples)
    assert (pipe.kind, pipe.labels) == (NUMBERS, ("likeness",))
    before = AutoModelForSequenceClassification.from_pretrained(folder).classifier.weight
    torch.testing.assert_close(pipe.network.module.classifier.weight, before)


def test_a_single_output_may_be_a_label(nlp: Language, make_textcat: Callable, classifier_folder: Callable) -> None:
    folder = classifier_folder(["toxic"])
    pipe = make_textcat(nlp, exclusive=False, encoder={"name": str(folder)})
    pipe.initialize(lambda: [])
    assert pipe.kind is INDEPENDENT
    assert 0 < nlp("you charged the wrong card").cats["toxic"] < 1


def test_a_single_label_of_the_data_is_no_number(nlp: Language, make_textcat: Callable) -> None:
    make_textcat(nlp)
    example = Example.from_dict(nlp.make_doc("x"), {"cats": {"pos": 1.0}})
    with pytest.raises(InvalidError, match=r"E302.*'pos'"):
        nlp.initialize(lambda: [example])


def test_other_labels_make_a_classifier_of_it(
    nlp: Language, make_textcat: Callable, make_examples: Callable, classifier_folder: Callable
) -> None:
    pipe = make_textcat(nlp, encoder={"name": str(classifier_folder(["likeness"], problem_type="regression"))})
    pipe.initialize(lambda: [])
    assert pipe.kind is NUMBERS
    with pytest.warns(UserWarning, match="W101"):
        nlp.initialize(lambda: make_examples(nlp))
    assert pipe.kind is EXCLUSIVE
    assert sum(nlp("the invoice is wrong").cats.values()) == pytest.approx(1)


@pytest.mark.parametrize("exclusive", [True, False])
def test_a_loss_of_labels_refuses_a_checkpoint_of_numbers(
    nlp: Language, make_textcat: Callable, classifier_folder: Callable, exclusive: bool
) -> None:
    loss = {"@losses": f"spacy-bertadapt.{'' if exclusive else 'Binary'}CrossEntropy.v1"}
    folder = classifier_folder(["a", "b"], problem_type="regression")
    pipe = make_textcat(nlp, exclusive=exclusive, loss=loss, encoder={"name": str(folder)})
    with pytest.raises(InvalidError, match=r"E317.*regression.*CrossEntropy"):
        pipe.initialize(lambda: [])
    assert pipe.kind is (EXCLUSIVE if exclusive else INDEPENDENT)


def test_a_loss_of_numbers_refuses_a_classifier(
    nlp: Language, task: str, make_pipe: Callable, classifier_folder: Callable
) -> None:
    folder = classifier_folder(["a", "b"], problem_type="single_label_classification")
    pipe = make_pipe(task, nlp, loss=SQUARED_ERROR, encoder={"name": str(folder)})
    with pytest.raises(InvalidError, match=r"E361.*single_label_classification"):
        pipe.initialize(lambda: [])


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_gold_is_finite(nlp: Language, make_textcat: Callable, value: float) -> None:
    pipe = make_textcat(nlp, loss=SQUARED_ERROR)
    examples = make_numbers(nlp, "textcat")
    nlp.initialize(lambda: examples)
    examples[1].reference.cats["likeness"] = value
    with pytest.raises(InvalidError, match=r"E360.*'likeness' is (nan|inf)"):
        pipe.update(examples)


def test_numbers_without_gold_teach_nothing(nlp: Language, make_textcat: Callable) -> None:
    pipe = make_textcat(nlp, loss=SQUARED_ERROR)
    examples = make_numbers(nlp, "textcat", length=3.0)
    nlp.initialize(lambda: examples)
    for example in examples:
        del example.reference.cats["length"]
    examples[0].reference.cats = {}
    pipe.update(examples)
    gradient = pipe.network.module.classifier.weight.grad
    assert (gradient[pipe.labels.index("length")] == 0).all()
    assert (gradient[pipe.labels.index("likeness")] != 0).any()


@pytest.mark.parametrize(("how", "pooled"), [("mean", np.mean), ("max", np.max), ("first", lambda values: values[0])])
def test_long_texts_are_pooled(
    nlp: Language, make_textcat: Callable, classifier_folder: Callable, how: str, pooled: Callable[[Any], float]
) -> None:
    folder = classifier_folder(["likeness"], problem_type="regression")
    pipe = make_textcat(nlp, long_text=how, max_length=16, encoder={"name": str(folder)})
    pipe.initialize(lambda: [])
    text = "my parcel never arrived " * 12
    texts = pipe.encode([nlp.make_doc(text)])
    windows = pipe.runner.predict(texts).sequence_logits(1)
    assert len(windows) == 1 if how == "first" else len(windows) > 2
    assert nlp(text).cats["likeness"] == pytest.approx(float(pooled(windows[:, 0])), abs=1e-5)


def test_compare_gives_numbers(nlp: Language, make_nli: Callable, train: Callable) -> None:
    pipe = make_nli(nlp, loss=SQUARED_ERROR)
    train(nlp, make_numbers(nlp, "nli"), steps=40)
    first, second, _ = PAIRS[0]
    assert pipe.compare(first, second) == pytest.approx(nlp(f"{first} [SEP] {second}").cats, abs=1e-5)
    assert pipe.compare(first, second)["likeness"] > 0.5


def test_zero_shot_needs_entailment(nlp: Language, make_nli: Callable, classifier_folder: Callable) -> None:
    """A label may be called so: what it says is a number all the same."""
    folder = classifier_folder(["entailment", "contradiction"], problem_type="regression")
    make_nli(nlp, encoder={"name": str(folder)}).initialize(lambda: [])
    nlp.add_pipe("bert_zeroshot", config={"labels": ["travel", "cooking"]})
    with (
        nlp.select_pipes(enable="bert_zeroshot"),
        pytest.raises(InvalidError, match=r"E362.*'bert_nli' predicts numbers \(entailment, contradiction\)"),
    ):
        nlp("my parcel never arrived")


def test_zero_shot_refuses_a_checkpoint_of_numbers(nlp: Language, classifier_folder: Callable) -> None:
    folder = classifier_folder(["entailment", "contradiction"], problem_type="regression")
    encoder = {"@misc": "spacy-bertadapt.Encoder.v1", "name": str(folder)}
    model = {"@architectures": "spacy-bertadapt.SequenceClassifier.v1", "encoder": encoder}
    zeroshot = nlp.add_pipe("bert_zeroshot", config={"labels": ["travel", "cooking"], "model": model})
    with pytest.raises(InvalidError, match="E362"):
        zeroshot.initialize(lambda: [])
