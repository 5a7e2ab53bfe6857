"""Batches of windows, and memory that runs out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from spacy_bertadapt.errors import OutOfMemoryError
from spacy_bertadapt.network.encoder_source import EncoderSource
from spacy_bertadapt.network.network import Network
from spacy_bertadapt.network.pretrained import read_encoder
from spacy_bertadapt.pretraining.masked_lm import ARCHITECTURE, MaskedLanguageModel
from spacy_bertadapt.pretraining.masking import WordMasker
from spacy_bertadapt.pretraining.trainer import (
    MaskedTrainer,
    TrainerSettings,
    batches_by_length,
    shuffled_batches,
)
from spacy_bertadapt.pretraining.words import WordWindows
from spacy_bertadapt.subwords.special_tokens import Piece

LENGTHS = np.random.default_rng(0).integers(3, 64, size=1003)


def is_each_once(batches: list[np.ndarray]) -> bool:
    return sorted(np.concatenate(batches).tolist()) == list(range(len(LENGTHS)))


def test_shuffled_batches_hold_each_window_once_and_differ_by_epoch() -> None:
    first, same, other = (shuffled_batches(LENGTHS, 8, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert is_each_once(first)
    assert len(first) == 126
    assert all((one == two).all() for one, two in zip(first, same, strict=True))
    assert {frozenset(batch) for batch in first} != {frozenset(batch) for batch in other}


def test_batches_are_of_like_length() -> None:
    spreads = [np.ptp(LENGTHS[batch]) for batch in shuffled_batches(LENGTHS, 8, np.random.default_rng(0))]
    assert np.mean(spreads) < 4
    assert is_each_once(batches_by_length(LENGTHS, 8))


def trainer(encoder: Path, limit: int) -> MaskedTrainer:
    """Return a trainer on 40 windows of 50 subwords, whose device has memory for some subwords at once."""
    checkpoint, _ = read_encoder(EncoderSource(str(encoder), dropout=0.0), ARCHITECTURE, None)
    model = MaskedLanguageModel(Network(checkpoint, device="cpu", precision="float32"))

    def fill_memory(_: torch.nn.Module, __: tuple, arguments: dict[str, torch.Tensor]) -> None:
        if arguments["input_ids"].numel() > limit:
            raise RuntimeError("CUDA out of memory")

    checkpoint.module.base_model.embeddings.register_forward_pre_hook(fill_memory, with_kwargs=True)
    settings = TrainerSettings(steps=2, batch_size=40, learn_rate=1e-3, warmup=0, eval_every=1, seed=0)
    return MaskedTrainer(model, windows(), windows(), WordMasker(4, np.arange(5, 50)), settings)


def windows() -> WordWindows:
    size, count = 50, 40
    ids = np.arange(size * count, dtype=np.int32) % 50
    template = (Piece(None, np.array([2]), 0), Piece(0, np.zeros(0, np.int64), 0))
    starts = np.arange(count) * size
    return WordWindows(ids, np.arange(len(ids), dtype=np.int32), starts, starts + size, template, 0)


@pytest.mark.filterwarnings("ignore:.*W302")
def test_smaller_slices_where_memory_is_short(tiny_bert: Path) -> None:
    """The masks of a batch are drawn slice by slice, but the mean is over all of them."""
    evaluations = list(trainer(tiny_bert, limit=160).run())
    assert [evaluation.step for evaluation in evaluations] == [0, 1, 2]
    plentiful = list(trainer(tiny_bert, limit=10_000).run())
    assert evaluations[1].loss == pytest.approx(plentiful[1].loss, rel=0.02)


@pytest.mark.filterwarnings("ignore:.*W302")
def test_a_window_that_does_not_fit_is_an_error(tiny_bert: Path) -> None:
    with pytest.raises(OutOfMemoryError, match="E307"):
        list(trainer(tiny_bert, limit=40).run())


def test_an_interrupted_step_leaves_no_gradients(tiny_bert: Path) -> None:
    """The second slice of the first step is interrupted."""
    run = trainer(tiny_bert, limit=10_000)
    run._budget.subwords = 1000
    evaluations = run.run()
    next(evaluations)
    module, calls = run.model.network.module, []

    def interrupt(*_: object) -> None:
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt

    handle = module.base_model.embeddings.register_forward_pre_hook(interrupt)
    with pytest.raises(KeyboardInterrupt):
        next(evaluations)
    handle.remove()
    assert len(calls) == 2
    assert all(parameter.grad is None for parameter in module.parameters())
    assert run.step == 0
