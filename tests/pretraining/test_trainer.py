"""Batches of windows, and memory that runs out."""

from __future__ import annotations

from collections.abc import Iterable
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from spacy_bertadapt.pretraining.masking import WordMasker
from spacy_bertadapt.pretraining.trainer import (
    MaskedTrainer,
    TrainerSettings,
    batches_by_length,
    shuffled_batches,
    slices_within,
)
from spacy_bertadapt.pretraining.words import WordWindows
from spacy_bertadapt.subwords.template import Piece
from spacy_bertadapt.types import MaskedBatch

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


@pytest.mark.parametrize("budget", [1, 100, 256, 10_000])
def test_slices_hold_each_row_once_and_keep_about_to_the_budget(budget: int) -> None:
    rows = np.arange(40, 72)
    slices = slices_within(LENGTHS, rows, budget)
    assert sorted(np.concatenate(slices).tolist()) == rows.tolist()
    assert all(len(some) * LENGTHS[some].max() <= budget + LENGTHS[some].max() for some in slices)


class FullModel:
    """Has memory for some subwords at once."""

    device = torch.device("cpu")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.optimizer = SimpleNamespace(learn_rate=0.0)

    def learn(self, slices: Iterable[MaskedBatch]) -> torch.Tensor:
        self.loss(slices)
        return torch.ones(())

    def loss(self, slices: Iterable[MaskedBatch]) -> float:
        if any(masked.batch.input_ids.size > self.limit for masked in slices):
            raise RuntimeError("CUDA out of memory")
        return 1.0


def trainer(limit: int) -> MaskedTrainer:
    size, count = 100, 40
    ids = np.arange(size * count, dtype=np.int32) % 50
    template = (Piece(None, np.array([2]), 0), Piece(0, np.zeros(0, np.int64), 0))
    starts = np.arange(count) * size
    windows = WordWindows(ids, np.arange(len(ids), dtype=np.int32), starts, starts + size, template, 0)
    settings = TrainerSettings(steps=2, batch_size=40, learn_rate=1e-3, warmup=0, eval_every=1, seed=0)
    return MaskedTrainer(FullModel(limit), windows, windows, WordMasker(4, np.arange(5, 50)), settings)  # type: ignore[arg-type]


@pytest.mark.filterwarnings("ignore:.*W302")
def test_smaller_slices_where_memory_is_short() -> None:
    found = list(trainer(limit=300).run())
    assert [each.step for each in found] == [0, 1, 2]


@pytest.mark.filterwarnings("ignore:.*W302")
def test_a_window_that_does_not_fit_is_an_error() -> None:
    with pytest.raises(MemoryError, match="E307"):
        list(trainer(limit=90).run())
