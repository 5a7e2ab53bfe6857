"""The training loop of masked language modelling, step by step and repeatable from any of them."""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

import numpy as np
import torch
from numpy.random import Generator

from ..component.runner import CPU_BATCH_SUBWORDS, GPU_BATCH_SUBWORDS
from ..errors import Errors, OutOfMemoryError, Warnings
from ..network.memory import is_out_of_memory
from ..training.schedules import warmup_linear
from ..types import Ints, MaskedBatch
from .masked_lm import MaskedLanguageModel
from .masking import WordMasker
from .words import WordWindows

BATCHES_SORTED_TOGETHER = 64
ORDER, MASKS, HELD_OUT_MASKS, DROPOUT = range(4)

Result = TypeVar("Result")


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainerSettings:
    """How to train.

    steps: in all. batch_size: windows a step. learn_rate: the highest. warmup: as of WarmupLinear.v1. eval_every: steps
    from one evaluation to the next. seed: of order, masks and dropout.
    """

    steps: int
    batch_size: int
    learn_rate: float
    warmup: float
    eval_every: int
    seed: int


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What is known after some steps.

    step, epoch: how far training is. loss: mean over hidden subwords since the last evaluation, in nats; None before
    the first step. perplexity: on held-out texts. learn_rate: of the last step. seconds: since the start.
    """

    step: int
    epoch: float
    loss: float | None
    perplexity: float
    learn_rate: float
    seconds: float


class MaskedTrainer:
    """Trains on windows of texts. All that is random depends on the seed and the step alone.

    So a run goes on from weights, moments and the number of the step, and ends as if it had not been interrupted.
    """

    def __init__(
        self,
        model: MaskedLanguageModel,
        train: WordWindows,
        dev: WordWindows,
        masker: WordMasker,
        settings: TrainerSettings,
    ):
        """Take model and texts. Raises ValueError for a learning rate or warm-up that makes no sense."""
        self.model = model
        self.step = 0
        self.seconds = 0.0
        self._train, self._dev, self._masker, self._settings = train, dev, masker, settings
        schedule = warmup_linear(settings.learn_rate, settings.steps, settings.warmup)
        self._rates = list(islice(schedule, settings.steps))
        self._budget = CPU_BATCH_SUBWORDS if model.device.type == "cpu" else GPU_BATCH_SUBWORDS
        self._epoch: tuple[int, list[Ints]] = (-1, [])
        self._held_out = batches_by_length(dev.lengths, settings.batch_size)

    @property
    def per_epoch(self) -> int:
        """Steps in which every window is seen once."""
        return steps_per_epoch(len(self._train), self._settings.batch_size)

    def run(self, on_step: Callable[[], None] = lambda: None) -> Iterator[Evaluation]:
        """Train from `step` on, and evaluate before the first step, every `eval_every` steps and after the last.

        on_step: called after every step. Raises MemoryError where a single window is too much for the device, and
        ValueError for training that diverged.
        """
        settings, started = self._settings, time.perf_counter() - self.seconds
        loss, hidden = torch.zeros((), device=self.model.device), 0
        while True:
            if self.step == 0 or hidden:
                yield self._evaluate(float(loss) / hidden if hidden else None, started)
            if self.step >= settings.steps:
                return
            loss, hidden = torch.zeros((), device=self.model.device), 0
            for _ in range(min(settings.eval_every - self.step % settings.eval_every, settings.steps - self.step)):
                step_loss, step_hidden = self._learn()
                loss, hidden = loss + step_loss, hidden + step_hidden
                on_step()

    def _learn(self) -> tuple[torch.Tensor, int]:
        """One step. Returns the summed loss of hidden subwords, and their number."""
        epoch, number = divmod(self.step, self.per_epoch)
        if self._epoch[0] != epoch:
            generator = self._generator(ORDER, epoch)
            self._epoch = (epoch, shuffled_batches(self._train.lengths, self._settings.batch_size, generator))
        rows = self._epoch[1][number]
        self.model.optimizer.learn_rate = self._rates[self.step]

        def learn() -> tuple[torch.Tensor, int]:
            torch.manual_seed(int(self._generator(DROPOUT, self.step).integers(2**32)))
            slices = list(self._masked(self._train, [rows], self._generator(MASKS, self.step)))
            return self.model.learn(slices), sum(map(len, slices))

        found = self._within_memory(learn, int(self._train.lengths[rows].max()))
        self.step += 1
        return found

    def _evaluate(self, loss: float | None, started: float) -> Evaluation:
        def held_out_loss() -> float:
            return self.model.loss(self._masked(self._dev, self._held_out, self._generator(HELD_OUT_MASKS)))

        perplexity = math.exp(self._within_memory(held_out_loss, int(self._dev.lengths.max())))
        self.seconds = time.perf_counter() - started
        rate = self._rates[self.step - 1] if self.step else 0.0
        return Evaluation(self.step, self.step / self.per_epoch, loss, perplexity, rate, self.seconds)

    def _masked(self, windows: WordWindows, batches: list[Ints], generator: Generator) -> Iterator[MaskedBatch]:
        for rows in batches:
            for some in slices_within(windows.lengths, rows, self._budget):
                yield self._masker.mask(*windows.padded(some), generator)

    def _within_memory(self, work: Callable[[], Result], longest: int) -> Result:
        """Do what needs the device, in ever smaller slices while it is full. longest: subwords of a window."""
        while True:
            try:
                return work()
            except (RuntimeError, MemoryError) as err:
                if not is_out_of_memory(err):
                    raise
            if self._budget <= longest:
                raise OutOfMemoryError(Errors.E307.format(rows=1, width=longest))
            self._budget //= 2
            warnings.warn(Warnings.W302.format(budget=self._budget), stacklevel=2)

    def _generator(self, *purpose: int) -> Generator:
        return np.random.default_rng((self._settings.seed, *purpose))


def steps_per_epoch(windows: int, batch_size: int) -> int:
    """Batches in which every window is seen once."""
    return -(-windows // batch_size)


def shuffled_batches(lengths: Ints, batch_size: int, generator: Generator) -> list[Ints]:
    """All windows in batches of like length, in random order.

    lengths: (windows,) subwords of each. Windows are shuffled, and sorted only among those of 64 batches, so that
    batches differ from one epoch to the next. Returns indices into `lengths`.
    """
    order = generator.permutation(len(lengths))
    together = np.arange(len(order)) // (batch_size * BATCHES_SORTED_TOGETHER)
    order = order[np.lexsort((lengths[order], together))]
    batches = [order[start : start + batch_size] for start in range(0, len(order), batch_size)]
    return [batches[number] for number in generator.permutation(len(batches))]


def batches_by_length(lengths: Ints, batch_size: int) -> list[Ints]:
    """All windows in batches of like length, the longest first, so that a device that is too small says so at once."""
    order = np.argsort(-lengths, kind="stable")
    return [order[start : start + batch_size] for start in range(0, len(order), batch_size)]


def slices_within(lengths: Ints, rows: Ints, budget: int) -> list[Ints]:
    """Rows of a batch, sorted by length and cut evenly into slices of about `budget` padded subwords."""
    order = rows[np.argsort(-lengths[rows], kind="stable")]
    padded = len(order) * int(lengths[order[0]])
    return np.array_split(order, min(len(order), -(-padded // budget)))
