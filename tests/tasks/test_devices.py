"""Steps and predictions of every task on a device that has no numbers: nothing is read back, and nothing is missing.

What passes here neither waits for a GPU in a step nor meets an array in the wrong place; see `WatchedDevice`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any

import numpy as np
import pytest
import spacy
import torch
from spacy.language import Language
from spacy.training import Example
from thinc.api import Config

from spacy_bertadapt.component.base import BertPipe
from spacy_bertadapt.learning.running_loss import RunningLoss
from spacy_bertadapt.network.inputs import to_device
from spacy_bertadapt.tasks import TRAINED
from spacy_bertadapt.training.optimizer import adamw
from tests.fixtures.annotations import assert_same
from tests.fixtures.components import samples_of
from tests.fixtures.devices import META, DeviceError, watched

ADAPTATIONS: dict[str, dict[str, Any]] = {
    "FullFineTuning": {"layer_decay": 0.9},
    "HeadOnly": {"cache": False},
    "TopLayers": {"n": 1, "frozen_dropout": False},
    "GradualUnfreezing": {"every": 1},
    "LoRA": {},
}
CROSS_ENTROPY = {"@losses": "spacy-bertadapt.CrossEntropy.v1", "label_smoothing": 0.1, "focal_gamma": 2.0}
BINARY = {**CROSS_ENTROPY, "@losses": "spacy-bertadapt.BinaryCrossEntropy.v1"}
LOSSES = [
    ("textcat", {"loss": {**CROSS_ENTROPY, "class_weights": "balanced"}}),
    ("textcat", {"loss": {**BINARY, "class_weights": "balanced"}, "exclusive": False}),
    ("nli", {"loss": {**CROSS_ENTROPY, "class_weights": {"neutral": 2.0}}}),
    ("ner", {"loss": {**CROSS_ENTROPY, "class_weights": "balanced"}}),
    ("spancat", {"loss": {**BINARY, "class_weights": "balanced"}}),
]

pytestmark = pytest.mark.usefixtures("fused_on_meta")


@pytest.fixture(params=list(TRAINED))
def task(request: pytest.FixtureRequest) -> str:
    """The task under test."""
    return request.param


@pytest.fixture
def make(make_pipe: Callable[..., Any], nlp: Language) -> Callable[..., tuple[BertPipe, list[Example]]]:
    """Makes an initialized component of a task, and its examples."""

    def initialized(task: str, **settings: Any) -> tuple[BertPipe, list[Example]]:
        pipe = make_pipe(task, nlp, **settings)
        examples = samples_of(task).make_examples(nlp)
        nlp.initialize(lambda: examples)
        return pipe, examples

    return initialized


def learn(pipe: BertPipe, examples: Sequence[Example], *, batches: int = 1) -> Any:
    """Add up the gradients of some batches, and make a step. Returns the loss."""
    losses: dict[str, Any] = {}
    for part in np.array_split(np.arange(len(examples)), batches):
        pipe.update([examples[number] for number in part], losses=losses)
    pipe.finish_update(adamw(1e-3))
    return losses[pipe.name]


@pytest.mark.parametrize("way", ADAPTATIONS)
def test_a_step_waits_for_nothing(make, task, way):
    """The second step has moments, and learns other layers with gradual unfreezing."""
    pipe, examples = make(task, adapt={"@misc": f"spacy-bertadapt.{way}.v1", **ADAPTATIONS[way]})
    with watched(pipe.shim):
        for _ in range(2):
            assert isinstance(learn(pipe, examples), RunningLoss)
    assert pipe.shim.learner.steps == 2


def test_batches_are_accumulated_and_cut_without_waiting(make, task):
    """Each batch goes through the network in several slices."""
    pipe, examples = make(task, max_batch_subwords=64)
    with watched(pipe.shim):
        assert isinstance(learn(pipe, examples, batches=2), RunningLoss)


@pytest.mark.parametrize(("task", "settings"), LOSSES)
def test_losses_wait_for_nothing(make, task, settings):
    pipe, examples = make(task, **settings)
    with watched(pipe.shim):
        assert isinstance(learn(pipe, examples), RunningLoss)
    assert pipe.shim.learner.steps == 1


@pytest.mark.parametrize("long_text", ["mean", "max", "first"])
def test_texts_of_several_windows_wait_for_nothing(make, long_text):
    pipe, examples = make("textcat", long_text=long_text, max_length=6, stride=2)
    windows = pipe.runner.windows(pipe.encode([example.reference for example in examples]))
    assert len(windows) == len(examples) if long_text == "first" else len(windows) > len(examples)
    with watched(pipe.shim):
        assert isinstance(learn(pipe, examples), RunningLoss)
    assert pipe.shim.learner.steps == 1


def test_the_scale_of_float16_stays_on_the_device(make, task, monkeypatch):
    """Torch has no autocast on the meta device; the scale, and what is counted of it, are there nevertheless."""
    monkeypatch.setattr("spacy_bertadapt.network.network.autocast", lambda device, dtype: nullcontext())
    pipe, examples = make(task)
    pipe.network._wanted_precision = "float16"
    with watched(pipe.shim):
        learn(pipe, examples)
    assert pipe.shim.learner.scale.scale.device == META


def test_kept_features_are_copied_at_once_and_read_once(make, task):
    """The first epoch copies the hidden states of each batch from the device; later ones wait for nothing."""
    pipe, examples = make(task, adapt={"@misc": "spacy-bertadapt.HeadOnly.v1"})
    with watched(pipe.shim, may_read={"_keep", "_head_sees_first_only"}) as watch:
        learn(pipe, examples)
        assert watch.readers.count("_keep") == 1
        first = len(watch.readers)
        learn(pipe, examples)
        assert len(watch.readers) == first


def test_without_a_fused_kernel_a_step_waits_once(make, task, monkeypatch):
    """So it is on MPS."""
    monkeypatch.setattr("spacy_bertadapt.learning.step.FUSED_ON", ("cpu", "cuda"))
    pipe, examples = make(task)
    with watched(pipe.shim, may_read={"step"}) as watch:
        learn(pipe, examples)
    assert watch.readers == ["step"]


def test_logits_are_read_after_the_last_forward_pass(make, task):
    """Prediction reads each group of logits once, when all are on their way; also before there was any step."""
    pipe, examples = make(task, max_batch_subwords=32)
    docs = [example.predicted for example in examples]
    with watched(pipe.shim, may_read={"to_numpy"}) as watch:
        pipe.set_annotations(docs, pipe.predict(docs))
    assert len(watch.readers) > 1
    assert watch.last_forward == 0


@pytest.mark.filterwarnings("ignore:.*W310")
def test_zero_shot_reads_after_the_last_forward_pass(make_nli):
    nlp = spacy.blank("en")
    nli = make_nli(nlp, max_batch_subwords=32)
    nli.initialize(list, labels=["entailment", "neutral", "contradiction"])
    zeroshot = nlp.add_pipe("bert_zeroshot", config={"labels": ["delivery", "payment"]})
    docs = [nlp.make_doc(text) for text in ("my parcel never arrived", "the invoice is wrong")]
    with watched(nli.shim, may_read={"to_numpy"}) as watch:
        zeroshot.set_annotations(docs, zeroshot.predict(docs))
    assert watch.readers
    assert watch.last_forward == 0


def test_moments_follow_the_network(make):
    """A run that goes on from a checkpoint gives the optimizer moments of the CPU."""
    pipe, examples = make("textcat")
    learn(pipe, examples)
    moments, optimizer = pipe.shim.learner.moments(), adamw(1e-3)
    with watched(pipe.shim):
        learn(pipe, examples)
    pipe.shim.learner.restore(moments, optimizer, steps=1)
    assert {moment.device for moment in pipe.shim.learner.moments().values()} == {META}


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
@pytest.mark.parametrize("task", ["textcat", "spancat"])
def test_a_pipeline_of_a_gpu_that_is_not_here_loads_where_it_is_told_to(make, nlp, tmp_path, task):
    """Its folder has no trace of a device but the setting, which is refused in one line that says what to do."""
    _, examples = make(task)
    nlp.to_disk(tmp_path / "pipeline")
    name, path = nlp.pipe_names[0], tmp_path / "pipeline" / "config.cfg"
    config = Config().from_disk(path)
    config["components"][name]["model"]["device"] = "cuda:0"
    config.to_disk(path)
    with pytest.raises(ValueError, match=r"E108.*'cuda:0'.*components\.NAME\.model\.device"):
        spacy.load(tmp_path / "pipeline")
    loaded = spacy.load(tmp_path / "pipeline", config={f"components.{name}.model.device": "cpu"})
    texts = [example.reference.text for example in examples]
    assert_same(nlp.pipe(texts), loaded.pipe(texts), atol=0)
    loaded.to_disk(tmp_path / "again")
    assert_same(nlp.pipe(texts), spacy.load(tmp_path / "again").pipe(texts), atol=0)


FAULTS: dict[str, tuple[Callable[[torch.Tensor], object], str]] = {
    "item": (lambda logits: logits.sum().item(), "reads from the device"),
    "bool": (lambda logits: bool(logits.sum() > 0), "reads from the device"),
    "list": (lambda logits: logits.tolist(), "reads from the device"),
    "numpy": (lambda logits: logits.detach().cpu().numpy(), "reads from the device"),
    "nonzero": (lambda logits: logits.nonzero(), "reads from the device"),
    "mask": (lambda logits: logits[logits > 0], "reads from the device"),
    "array": (lambda logits: logits + torch.ones(logits.shape), "not all on the device"),
    "index": (lambda logits: logits[torch.zeros(3, dtype=torch.int64)], "not all on the device"),
    "numbers": (lambda logits: logits.new_tensor([1.0, 2.0]), "copies numbers of Python"),
    "copy": (lambda logits: torch.ones(3).to(logits.device), "past `to_device`"),
    "double": (lambda logits: logits.double(), "MPS doesn't have"),
    "float64 array": (lambda logits: to_device(np.ones(3), logits.device), "MPS doesn't have"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_are_found(make, monkeypatch, fault):
    """What these tests are for: each of these in a loss makes them fail."""
    pipe, examples = make("textcat")
    action, message = FAULTS[fault]
    loss = pipe.loss

    def faulty(logits: torch.Tensor, rows: Any, targets: Any) -> Any:
        action(logits)
        return loss(logits, rows, targets)

    monkeypatch.setattr(type(pipe), "loss", lambda self, *args: faulty(*args))
    with watched(pipe.shim), pytest.raises(DeviceError, match=message):
        learn(pipe, examples)
