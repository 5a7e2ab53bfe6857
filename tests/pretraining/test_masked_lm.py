"""The network with a head for hidden words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModelForMaskedLM, BertForPreTraining, DebertaV2Config, DistilBertConfig

from spacy_bertadapt.network.checkpoint import read_encoder
from spacy_bertadapt.network.source import EncoderSource
from spacy_bertadapt.pretraining.masked_lm import AUTO_CLASS, MaskedLanguageModel, logits_at
from spacy_bertadapt.training.optimizer import adamw
from spacy_bertadapt.types import MaskedBatch, PaddedBatch

IDS = torch.tensor([[2, 10, 11, 12, 3], [2, 20, 21, 3, 0]])
MASK = torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 1, 0]])
POSITIONS = torch.tensor([1, 3, 6])
SIZES = {"vocab_size": 60, "max_position_embeddings": 16}


def read(folder: Path, dropout: float | None = None) -> MaskedLanguageModel:
    torch.manual_seed(0)
    checkpoint, _ = read_encoder(EncoderSource(str(folder), dropout=dropout), AUTO_CLASS, None)
    return MaskedLanguageModel(checkpoint, adamw(1e-3), device=torch.device("cpu"), dtype=None)


def batch() -> MaskedBatch:
    padded = PaddedBatch(IDS.numpy(), MASK.numpy().astype(bool), None)
    return MaskedBatch(padded, POSITIONS.numpy(), np.array([30, 31, 32]))


def assert_same_as_whole(module: torch.nn.Module) -> None:
    module.eval()
    inputs = {"input_ids": IDS, "attention_mask": MASK}
    with torch.inference_mode():
        some = logits_at(module, inputs, POSITIONS)
        whole = module(**inputs).logits.flatten(0, 1)[POSITIONS]
    torch.testing.assert_close(some, whole)


@pytest.mark.parametrize("name", ["tiny_bert", "tiny_roberta", "tiny_electra"])
def test_logits_at_positions_are_those_of_the_whole(name: str, request: pytest.FixtureRequest) -> None:
    assert_same_as_whole(AutoModelForMaskedLM.from_pretrained(request.getfixturevalue(name)))


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
def test_heads_of_other_architectures(config) -> None:
    assert_same_as_whole(AutoModelForMaskedLM.from_config(config))


def test_a_new_head_is_tied_to_the_embeddings_and_reported(tiny_bert: Path) -> None:
    checkpoint, trained = read_encoder(EncoderSource(str(tiny_bert)), AUTO_CLASS, None)
    assert not trained
    module = checkpoint.module
    assert module.get_output_embeddings().weight is module.get_input_embeddings().weight


def test_a_trained_head_is_kept(tiny_bert: Path, tmp_path: Path) -> None:
    checkpoint, _ = read_encoder(EncoderSource(str(tiny_bert)), AUTO_CLASS, None)
    checkpoint.save(tmp_path / "head")
    again, trained = read_encoder(EncoderSource(str(tmp_path / "head")), AUTO_CLASS, None)
    assert trained
    for name, value in checkpoint.module.state_dict().items():
        assert torch.equal(value, again.module.state_dict()[name]), name


def test_the_head_of_berts_first_training_is_one_for_masks(tiny_bert: Path, tmp_path: Path) -> None:
    checkpoint, _ = read_encoder(EncoderSource(str(tiny_bert)), AUTO_CLASS, None)
    checkpoint.save(tmp_path)
    BertForPreTraining(checkpoint.module.config).save_pretrained(tmp_path)
    _, trained = read_encoder(EncoderSource(str(tmp_path)), AUTO_CLASS, None)
    assert trained


def test_loss_is_the_mean_cross_entropy_of_hidden_subwords(tiny_bert: Path) -> None:
    model = read(tiny_bert)
    with torch.inference_mode():
        logits = model.module(input_ids=IDS, attention_mask=MASK).logits.flatten(0, 1)[POSITIONS]
    expected = torch.nn.functional.cross_entropy(logits, torch.tensor([30, 31, 32]))
    assert model.loss([batch()]) == pytest.approx(float(expected), rel=1e-5)


def test_learning_lowers_the_loss(tiny_bert: Path) -> None:
    model = read(tiny_bert)
    before = model.loss([batch()])
    for _ in range(5):
        model.learn([batch()])
    assert model.loss([batch()]) < before
    assert not model.module.training


def test_slices_are_one_step(tiny_bert: Path) -> None:
    halves = [
        MaskedBatch(PaddedBatch(IDS[:1].numpy(), None, None), np.array([1, 3]), np.array([30, 31])),
        MaskedBatch(PaddedBatch(IDS[1:].numpy(), MASK[1:].numpy().astype(bool), None), np.array([1]), np.array([32])),
    ]
    whole, sliced = read(tiny_bert, dropout=0.0), read(tiny_bert, dropout=0.0)
    for _ in range(3):
        assert float(whole.learn([batch()])) == pytest.approx(float(sliced.learn(halves)), rel=1e-4)


def test_an_error_leaves_no_gradients(tiny_bert: Path) -> None:
    model = read(tiny_bert)
    wrong = MaskedBatch(batch().batch, POSITIONS.numpy(), np.array([30, 31, 10_000]))
    with pytest.raises(IndexError):
        model.learn([batch(), wrong])
    assert all(parameter.grad is None for parameter in model.module.parameters())
