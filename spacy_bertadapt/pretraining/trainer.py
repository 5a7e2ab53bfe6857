"""The training loop of masked language modelling: a run can resume at any step, and gives the same result."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import torch
from numpy.random import Generator

from ..errors import Errors, InvalidError
from ..learning.learner import Loss
from ..network.device_memory import SubwordBudget, default_budget
from ..training.optimizer import adamw
from ..training.schedules import warmup_linear
from ..types import Ints, MaskedBatch
from .masked_lm import MaskedLanguageModel
from .masking import WordMasker
from .words import WordWindows

BATCHES_SORTED_TOGETHER = 64
LARGEST_LOSS = 100.0  # nats of a subword; chance among 100,000 subwords has 11.5, and 709 has no perplexity in float64
ORDER, MASKS, HELD_OUT_MASKS, DROPOUT = range(4)


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainerSettings:
    """The settings of the training loop.

    steps: number of steps. batch_size: windows a step. learn_rate: the highest learning rate. warmup: as in
    WarmupLinear.v1. eval_every: steps from one evaluation to the next. seed: makes order, masks and dropout repeatable.
    """

    steps: int
    batch_size: int
    learn_rate: float
    warmup: float
    eval_every: int
    seed: int


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The result of one evaluation.

    step, epoch: steps and epochs so far. loss: mean over hidden subwords since the last evaluation, in nats; None
    before the first step. perplexity: on held-out texts. learn_rate: of the last step. seconds: since the start.
    """

    step: int
    epoch: float
    loss: float | None
    perplexity: float
    learn_rate: float
    seconds: float


class MaskedTrainer:
    """Trains on windows of texts. All that is random depends on the seed and the step alone.

    So a run resumes from weights, moments and the number of steps, and ends as if it had not been interrupted.
    """

    def __init__(
        self,
        model: MaskedLanguageModel,
        train: WordWindows,
        dev: WordWindows,
        masker: WordMasker,
        settings: TrainerSettings,
    ):
        """Take model and texts. Raises ValueError for a learning rate or warm-up outside its range."""
        self.model = model
        self.optimizer = adamw(settings.learn_rate)
        self.step = 0
        self.seconds = 0.0
        self._train, self._dev, self._masker, self._settings = train, dev, masker, settings
        schedule = warmup_linear(settings.learn_rate, settings.steps, settings.warmup)
        self._rates = list(islice(schedule, settings.steps))
        self._budget = SubwordBudget(default_budget(model.network.device))
        self._epoch: tuple[int, list[Ints]] = (-1, [])
        self._held_out = batches_by_length(dev.lengths, settings.batch_size)

    @property
    def per_epoch(self) -> int:
        """Steps in which every window is seen once."""
        return steps_per_epoch(len(self._train), self._settings.batch_size)

    def run(self, on_step: Callable[[], None] = lambda: None) -> Iterator[Evaluation]:
        """Train from `step` on, and evaluate before the first step, every `eval_every` steps and after the last.

        on_step: called after every step. Raises MemoryError if a single window is too large for the device, and
        ValueError for training that diverged.
        """
        settings, started = self._settings, time.perf_counter() - self.seconds
        if self.step == 0:
            yield self._evaluate(None, started)
        while self.step < settings.steps:
            losses = []
            for _ in range(min(settings.eval_every - self.step % settings.eval_every, settings.steps - self.step)):
                losses += self._learn()
                on_step()
            yield self._evaluate(mean_loss(losses), started)

    def _learn(self) -> list[Loss]:
        """Take one step. Returns the losses of its slices."""
        epoch, number = divmod(self.step, self.per_epoch)
        if self._epoch[0] != epoch:
            generator = self._generator(ORDER, epoch)
            self._epoch = (epoch, shuffled_batches(self._train.lengths, self._settings.batch_size, generator))
        torch.manual_seed(int(self._generator(DROPOUT, self.step).integers(2**32)))
        masks = self._generator(MASKS, self.step)
        try:
            losses = list(self._in_slices(self._train, [self._epoch[1][number]], masks, self.model.learn))
        except BaseException:
            self.model.learner.forget()
            raise
        self.optimizer.learn_rate = self._rates[self.step]
        self.model.learner.step(self.optimizer)
        self.step += 1
        return losses

    def _evaluate(self, loss: float | None, started: float) -> Evaluation:
        masks = self._generator(HELD_OUT_MASKS)
        held_out = mean_loss(list(self._in_slices(self._dev, self._held_out, masks, self.model.loss)))
        self.seconds = time.perf_counter() - started
        rate = self._rates[self.step - 1] if self.step else 0.0
        if not held_out < LARGEST_LOSS:
            raise InvalidError(Errors.E330.format(step=self.step, loss=held_out, rate=self._settings.learn_rate))
        return Evaluation(self.step, self.step / self.per_epoch, loss, math.exp(held_out), rate, self.seconds)

    def _in_slices(
        self, windows: WordWindows, batches: list[Ints], masks: Generator, work: Callable[[MaskedBatch], Loss]
    ) -> Iterator[Loss]:
        """Do work on batches of windows with hidden words, in slices that fit into the device's memory."""

        def work_on(rows: Ints) -> Loss:
            return work(self._masker.mask(*windows.padded(rows), masks))

        for batch in batches:
            rows = batch[np.argsort(-windows.lengths[batch], kind="stable")]
            yield from self._budget.work_through(rows, windows.lengths[rows], work_on)

    def _generator(self, *purpose: int) -> Generator:
        return np.random.default_rng((self._settings.seed, *purpose))


def mean_loss(losses: Sequence[Loss]) -> float:
    """Return the sum of the losses, in float64, divided by the sum of their counts."""
    total = torch.stack([loss.total for loss in losses]).cpu().double().sum()
    return float(total) / sum(loss.count for loss in losses)


def steps_per_epoch(windows: int, batch_size: int) -> int:
    """Return the number of batches in which every window is seen once."""
    return -(-windows // batch_size)


def shuffled_batches(lengths: Ints, batch_size: int, generator: Generator) -> list[Ints]:
    """Return all windows in batches of similar length, in random order.

    lengths: (windows,) subwords of each. Windows are shuffled, and sorted only among those of 64 batches, so that
    batches differ from one epoch to the next. Returns indices into `lengths`.
    """
    order = generator.permutation(len(lengths))
    together = np.arange(len(order)) // (batch_size * BATCHES_SORTED_TOGETHER)
    order = order[np.lexsort((lengths[order], together))]
    batches = [order[start : start + batch_size] for start in range(0, len(order), batch_size)]
    return [batches[number] for number in generator.permutation(len(batches))]


def batches_by_length(lengths: Ints, batch_size: int) -> list[Ints]:
    """Return all windows in batches of similar length.

    The longest come first, so that a device with too little memory fails at once.
    """
    order = np.argsort(-lengths, kind="stable")
    return [order[start : start + batch_size] for start in range(0, len(order), batch_size)]
