"""An encoder of Transformers with a head of ours: one module, one folder, and one seam."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from transformers import AutoModel, PretrainedConfig

from spacy_bertadapt.errors import InvalidError, NotFoundError
from spacy_bertadapt.learning.adaptation import FullFineTuning, HeadOnly
from spacy_bertadapt.learning.learner import Learner, Loss
from spacy_bertadapt.network.activation_checkpointing import checkpoint_activations, checkpoints_activations
from spacy_bertadapt.network.architecture import OwnHead
from spacy_bertadapt.network.checkpoint import Checkpoint
from spacy_bertadapt.network.encoder_head_seam import apply_head, encode
from spacy_bertadapt.network.encoder_source import EncoderSource
from spacy_bertadapt.network.head_files import HEAD_FILE
from spacy_bertadapt.network.module_parts import Anatomy
from spacy_bertadapt.network.network import Network
from spacy_bertadapt.network.pretrained import read_encoder
from spacy_bertadapt.network.task_module import EncoderWithHead, part_of
from spacy_bertadapt.training.optimizer import adamw
from spacy_bertadapt.types import PaddedBatch

IDS = torch.tensor([[2, 10, 11, 12, 3], [2, 20, 21, 3, 0]])
MASK = torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 1, 0]])
SPANS = torch.tensor([[0, 1, 2], [0, 2, 2], [1, 1, 2]])


class SpanSums(nn.Module):
    """Scores spans by the states of their first and last column."""

    def __init__(self, config: PretrainedConfig) -> None:
        super().__init__()
        self.dropout = nn.Dropout(0.1)
        self.classifier = nn.Linear(config.hidden_size, config.num_labels)

    def forward(self, states: Tensor, attention_mask: Tensor | None, spans: Tensor) -> Tensor:
        row, first, last = spans.unbind(1)
        return self.classifier(self.dropout(states[row, first] + states[row, last]))


ARCHITECTURE = OwnHead(SpanSums)


@pytest.fixture
def checkpoint(tiny_bert: Path) -> Checkpoint:
    """A new head on the tiny BERT, with three labels."""
    torch.manual_seed(0)
    return read_encoder(EncoderSource(str(tiny_bert)), ARCHITECTURE, ["a", "b", "c"])[0]


@pytest.fixture
def saved(checkpoint: Checkpoint, tmp_path: Path) -> Path:
    """What is written of it."""
    checkpoint.save(tmp_path / "saved")
    return tmp_path / "saved"


def logits_of(module: EncoderWithHead) -> Tensor:
    with torch.inference_mode():
        return module.eval()(input_ids=IDS, attention_mask=MASK, spans=SPANS)["logits"]


def test_a_new_head_has_an_output_a_label(checkpoint: Checkpoint, tiny_bert: Path) -> None:
    assert isinstance(checkpoint.module, EncoderWithHead)
    assert checkpoint.labels == ("a", "b", "c")
    assert logits_of(checkpoint.module).shape == (3, 3)
    assert checkpoint.max_length == 64
    stored = load_file(tiny_bert / "model.safetensors")
    assert all(torch.equal(weight, stored[name]) for name, weight in checkpoint.module.encoder.state_dict().items())


def test_what_was_saved_is_read(checkpoint: Checkpoint, saved: Path) -> None:
    torch.manual_seed(99)
    loaded = Checkpoint.load(saved, ARCHITECTURE)
    assert loaded.labels == ("a", "b", "c")
    assert loaded.module.state_dict().keys() == checkpoint.module.state_dict().keys()
    assert torch.equal(logits_of(loaded.module), logits_of(checkpoint.module))
    assert {path.name for path in saved.iterdir()} >= {"config.json", "model.safetensors", HEAD_FILE, "tokenizer.json"}


def test_transformers_reads_the_encoder_of_the_folder(checkpoint: Checkpoint, saved: Path) -> None:
    encoder = AutoModel.from_pretrained(saved)
    assert encoder.config.id2label == {0: "a", 1: "b", 2: "c"}
    own = checkpoint.module.encoder.state_dict()
    assert encoder.state_dict().keys() == own.keys()
    assert all(torch.equal(weight, own[name]) for name, weight in encoder.state_dict().items())
    with torch.inference_mode():
        expected = checkpoint.module.encoder.eval()(IDS, attention_mask=MASK).last_hidden_state
        assert torch.equal(encoder.eval()(IDS, attention_mask=MASK).last_hidden_state, expected)


def test_other_weights_can_be_saved_in_its_place(checkpoint: Checkpoint, tmp_path: Path) -> None:
    """As those into which an adapter is merged; the module keeps its own."""
    before = copy.deepcopy(checkpoint.module.state_dict())
    doubled = {name: 2 * weight for name, weight in checkpoint.module.state_dict().items()}
    checkpoint.save(tmp_path, weights=doubled)
    loaded = Checkpoint.load(tmp_path, ARCHITECTURE).module.state_dict()
    assert all(torch.equal(loaded[name], weight) for name, weight in doubled.items())
    assert all(torch.equal(weight, before[name]) for name, weight in checkpoint.module.state_dict().items())
    assert part_of(doubled, "head").keys() == {"classifier.weight", "classifier.bias"}


def without_bias(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: weight for name, weight in weights.items() if name != "classifier.bias"}


def of_another_shape(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    return {**weights, "classifier.weight": torch.zeros(2, 32)}


def with_one_more(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    return {**weights, "width.weight": torch.zeros(2)}


@pytest.mark.parametrize(
    ("spoil", "name"),
    [
        (without_bias, "head.classifier.bias"),
        (of_another_shape, "head.classifier.weight"),
        (with_one_more, "head.width.weight"),
    ],
)
def test_head_weights_that_do_not_fit_are_named(
    saved: Path, spoil: Callable[[dict[str, Tensor]], dict[str, Tensor]], name: str
) -> None:
    save_file(spoil(load_file(saved / HEAD_FILE)), saved / HEAD_FILE)
    with pytest.raises(InvalidError, match=rf"E105.*does not fit config\.json \({name}\)"):
        Checkpoint.load(saved, ARCHITECTURE)


def test_weights_that_the_head_lacks_are_named_with_its_file(saved: Path) -> None:
    weights = load_file(saved / HEAD_FILE)
    del weights["classifier.bias"]
    save_file(weights, saved / HEAD_FILE, {"format": "pt"})
    with pytest.raises(InvalidError, match=rf"E105.*{HEAD_FILE}.*\(head\.classifier\.bias\)"):
        Checkpoint.load(saved, ARCHITECTURE)


@pytest.mark.parametrize("spoil", [lambda file: file.write_bytes(file.read_bytes()[:-20]), lambda file: file.unlink()])
def test_the_file_of_a_spoilt_head_is_named(saved: Path, spoil: Callable[[Path], object]) -> None:
    spoil(saved / HEAD_FILE)
    with pytest.raises((InvalidError, NotFoundError), match=rf"E105.*{HEAD_FILE}"):
        Checkpoint.load(saved, ARCHITECTURE)


def test_encoder_weights_that_do_not_fit_are_named(saved: Path) -> None:
    weights = load_file(saved / "model.safetensors")
    del weights["encoder.layer.1.output.dense.weight"]
    save_file(weights, saved / "model.safetensors", {"format": "pt"})
    with pytest.raises(InvalidError, match=r"E105.*\(encoder\.encoder\.layer\.1\.output\.dense\.weight\)"):
        Checkpoint.load(saved, ARCHITECTURE)


def test_a_trained_head_is_kept_where_it_knows_the_labels(checkpoint: Checkpoint, saved: Path) -> None:
    source = EncoderSource(str(saved))
    for labels in (None, ["c", "a"]):
        kept, is_trained = read_encoder(source, ARCHITECTURE, labels)
        assert is_trained
        assert kept.labels == ("a", "b", "c")
        assert torch.equal(logits_of(kept.module), logits_of(checkpoint.module))
    with pytest.warns(UserWarning, match="W101"):
        new, is_trained = read_encoder(source, ARCHITECTURE, ["x", "y"])
    assert not is_trained
    assert logits_of(new.module).shape == (3, 2)


@pytest.mark.parametrize("training", [False, True])
def test_it_is_cut_between_encoder_and_head(checkpoint: Checkpoint, training: bool) -> None:
    """To the last bit, as Transformers' own classes are; the head looks at what marks its rows."""
    module = checkpoint.module.train(training)
    inputs = {"input_ids": IDS, "attention_mask": MASK}
    torch.manual_seed(1)
    expected = module(**inputs, spans=SPANS)["logits"]
    torch.manual_seed(1)
    logits = apply_head(module, encode(module, inputs), {**inputs, "spans": SPANS})["logits"]
    assert torch.equal(logits, expected)


def test_a_network_learns_it(checkpoint: Checkpoint) -> None:
    network = Network(checkpoint, device="cpu", precision="float32")
    padded = PaddedBatch(IDS.numpy(), MASK.numpy().astype(bool), None, SPANS.numpy())
    assert torch.equal(network.predict(padded), logits_of(checkpoint.module))
    learner, optimizer, losses = Learner(network, FullFineTuning()), adamw(5e-3), []
    gold = torch.tensor([0, 1, 2])

    def forward() -> Loss:
        return Loss(nn.functional.cross_entropy(network(padded), gold, reduction="sum"), len(gold))

    for _ in range(10):
        losses.append(float(learner.learn(forward).total))
        learner.step(optimizer)
    assert losses[-1] < losses[0] / 2


def test_head_only_leaves_the_encoder_alone(checkpoint: Checkpoint) -> None:
    learner = Learner(Network(checkpoint, device="cpu", precision="float32"), HeadOnly())
    learning = {name for name, p in learner.network.module.named_parameters() if p.requires_grad}
    assert learning == Anatomy(checkpoint.module).head == {"head.classifier.weight", "head.classifier.bias"}


def test_activation_checkpointing_is_the_encoders(checkpoint: Checkpoint) -> None:
    module = checkpoint.module
    assert not checkpoints_activations(module)
    checkpoint_activations(module.base_model)
    assert checkpoints_activations(module.encoder)
    assert not checkpoints_activations(module.head)


def test_token_types_reach_the_encoder(checkpoint: Checkpoint) -> None:
    types = torch.tensor([[0, 0, 0, 1, 1], [0, 0, 1, 1, 0]])
    module = checkpoint.module.eval()
    with torch.inference_mode():
        typed = module(IDS, MASK, types, spans=SPANS)["logits"]
        assert not torch.equal(typed, logits_of(module))
        states = module.encoder(IDS, attention_mask=MASK, token_type_ids=types)[0]
        assert torch.equal(typed, module.head(states, MASK, spans=SPANS))


def test_a_copied_network_has_weights_of_its_own(checkpoint: Checkpoint) -> None:
    network = Network(checkpoint, device="cpu", precision="float32")
    twin = copy.deepcopy(network)
    assert twin.module is not network.module
    expected = logits_of(network.module)
    with torch.no_grad():
        network.module.head.classifier.weight.zero_()
    assert torch.equal(logits_of(twin.module), expected)
