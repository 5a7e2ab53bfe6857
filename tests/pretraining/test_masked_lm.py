"""The network with a head for hidden words."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModelForMaskedLM, BertForPreTraining, DebertaV2Config, DistilBertConfig, PretrainedConfig

from spacy_bertadapt.network.checkpoint import Checkpoint
from spacy_bertadapt.network.encoder_source import EncoderSource
from spacy_bertadapt.network.network import Network
from spacy_bertadapt.network.pretrained import read_encoder
from spacy_bertadapt.pretraining.masked_lm import ARCHITECTURE, MaskedLanguageModel
from spacy_bertadapt.training.optimizer import adamw
from spacy_bertadapt.types import MaskedBatch, PaddedBatch

IDS = torch.tensor([[2, 10, 11, 12, 3], [2, 20, 21, 3, 0]])
MASK = torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 1, 0]])
POSITIONS = torch.tensor([1, 3, 6])
SIZES = {"vocab_size": 60, "max_position_embeddings": 16}


def read(folder: Path, dropout: float | None = None) -> MaskedLanguageModel:
    torch.manual_seed(0)
    checkpoint, _ = read_encoder(EncoderSource(str(folder), dropout=dropout), ARCHITECTURE, None)
    return model_of(checkpoint)


def model_of(checkpoint: Checkpoint) -> MaskedLanguageModel:
    return MaskedLanguageModel(Network(checkpoint, device="cpu", precision="float32"))


def batch() -> MaskedBatch:
    padded = PaddedBatch(IDS.numpy(), MASK.numpy().astype(bool), None)
    return MaskedBatch(padded, POSITIONS.numpy(), np.array([30, 31, 32]))


def assert_same_as_whole(checkpoint: Checkpoint) -> None:
    model = model_of(checkpoint)
    with torch.inference_mode():
        some = model._logits_at(batch())
        whole = checkpoint.module(input_ids=IDS, attention_mask=MASK).logits.flatten(0, 1)[POSITIONS]
    torch.testing.assert_close(some, whole)


@pytest.mark.parametrize("name", ["tiny_bert", "tiny_roberta", "tiny_electra"])
def test_logits_at_positions_are_those_of_the_whole(name: str, request: pytest.FixtureRequest) -> None:
    source = EncoderSource(str(request.getfixturevalue(name)))
    assert_same_as_whole(read_encoder(source, ARCHITECTURE, None)[0])


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
@pytest.mark.parametrize(
    "config",
    [
        DistilBertConfig(dim=32, n_layers=1, n_heads=2, hidden_dim=64, **SIZES),
        DebertaV2Config(
            hidden_size=32,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=64,
            relative_attention=True,
            **SIZES,
        ),
    ],
    ids=["distilbert", "deberta-v2"],
)
def test_heads_of_other_architectures(config: PretrainedConfig, make_tokenizer: Callable) -> None:
    assert_same_as_whole(Checkpoint(AutoModelForMaskedLM.from_config(config), make_tokenizer("wordpiece")))


def test_a_new_head_is_tied_to_the_embeddings_and_reported(tiny_bert: Path) -> None:
    checkpoint, trained = read_encoder(EncoderSource(str(tiny_bert)), ARCHITECTURE, None)
    assert not trained
    module = checkpoint.module
    assert module.get_output_embeddings().weight is module.get_input_embeddings().weight


def test_a_trained_head_is_kept(tiny_bert: Path, tmp_path: Path) -> None:
    checkpoint, _ = read_encoder(EncoderSource(str(tiny_bert)), ARCHITECTURE, None)
    checkpoint.save(tmp_path / "head")
    again, trained = read_encoder(EncoderSource(str(tmp_path / "head")), ARCHITECTURE, None)
    assert trained
    for name, value in checkpoint.module.state_dict().items():
        assert torch.equal(value, again.module.state_dict()[name]), name


def test_the_head_of_berts_first_training_is_one_for_masks(tiny_bert: Path, tmp_path: Path) -> None:
    checkpoint, _ = read_encoder(EncoderSource(str(tiny_bert)), ARCHITECTURE, None)
    checkpoint.save(tmp_path)
    BertForPreTraining(checkpoint.module.config).save_pretrained(tmp_path)
    _, trained = read_encoder(EncoderSource(str(tmp_path)), ARCHITECTURE, None)
    assert trained


def test_loss_is_the_cross_entropy_of_hidden_subwords(tiny_bert: Path) -> None:
    model = read(tiny_bert)
    with torch.inference_mode():
        logits = model.network.module(input_ids=IDS, attention_mask=MASK).logits.flatten(0, 1)[POSITIONS]
    expected = torch.nn.functional.cross_entropy(logits, torch.tensor([30, 31, 32]), reduction="sum")
    loss = model.loss(batch())
    assert float(loss.total) == pytest.approx(float(expected), rel=1e-5)
    assert loss.count == 3


def test_learning_lowers_the_loss(tiny_bert: Path) -> None:
    model, optimizer = read(tiny_bert), adamw(1e-3)
    before = model.loss(batch()).total
    for _ in range(5):
        model.learn(batch())
        model.learner.step(optimizer)
    assert model.loss(batch()).total < before
    assert not model.network.module.training


def test_slices_are_one_step(tiny_bert: Path) -> None:
    """Two hidden subwords and one: the mean is over all three."""
    halves = [
        MaskedBatch(PaddedBatch(IDS[:1].numpy(), None, None), np.array([1, 3]), np.array([30, 31])),
        MaskedBatch(PaddedBatch(IDS[1:].numpy(), MASK[1:].numpy().astype(bool), None), np.array([1]), np.array([32])),
    ]
    whole, sliced = read(tiny_bert, dropout=0.0), read(tiny_bert, dropout=0.0)
    optimizers = adamw(1e-3), adamw(1e-3)
    for _ in range(3):
        losses = [sliced.learn(half) for half in halves]
        assert sum(loss.count for loss in losses) == 3
        expected = whole.learn(batch())
        assert float(sum(loss.total for loss in losses)) == pytest.approx(float(expected.total), rel=1e-4)
        for model, optimizer in zip((whole, sliced), optimizers, strict=True):
            model.learner.step(optimizer)
    for one, other in zip(whole.network.module.parameters(), sliced.network.module.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-4)


def test_a_batch_that_fails_leaves_no_gradients(tiny_bert: Path) -> None:
    model = read(tiny_bert)
    wrong = MaskedBatch(batch().batch, POSITIONS.numpy(), np.array([30, 31, 10_000]))
    with pytest.raises(IndexError):
        model.learn(wrong)
    assert all(parameter.grad is None for parameter in model.network.module.parameters())
