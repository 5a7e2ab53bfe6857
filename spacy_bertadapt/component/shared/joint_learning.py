"""The steps of an encoder that several heads share: when it goes forward, backward, and steps.

spaCy updates the encoder first and then the heads, and finishes the update of each in the same order. In the training
loop, that comes when all heads have learned. `nlp.update` with an optimizer finishes the encoder's update just after
its forward pass: then the step is due, and is made before anything else is learned or predicted.
"""

from __future__ import annotations

import weakref
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import cast

import torch
from spacy.pipeline import TrainablePipe
from spacy.tokens import Doc
from spacy.training import Example

from ...forks import fork_safe_lock
from ...learning.encoder_learner import EncoderLearner
from ...learning.processes import Processes
from ...types import SupportsStep
from .joint_batch import JointBatch


@dataclass(slots=True)
class Rates:
    """The hyper-parameters of an optimizer, as they are when a step is due."""

    learn_rate: float
    b1: float
    b2: float
    eps: float
    L2: float
    grad_clip: float

    @classmethod
    def of(cls, optimizer: SupportsStep) -> Rates:
        """Return those that an optimizer has now."""
        return cls(*(getattr(optimizer, name) for name in cls.__slots__))


class JointLearning:
    """The batches that heads have learned from since the encoder's last step. They are not pickled."""

    def __init__(self) -> None:
        self._batches: list[JointBatch] = []
        self._due: tuple[SupportsStep, Rates] | None = None
        self._read_only: JointBatch | None = None
        self._latest: weakref.WeakSet[object] | None = None
        self._expected: weakref.WeakSet[object] | None = None
        self._lock = fork_safe_lock()

    def __reduce__(self) -> tuple[type[JointLearning], tuple[()]]:
        return JointLearning, ()

    def begin(self, batch: JointBatch) -> None:
        """Take another batch that heads are about to learn from. Of the one before, little is kept."""
        if self._batches:
            self._batches[-1].close()
        self._batches.append(batch)
        self._expected = self._latest

    def read(self, batch: JointBatch) -> None:
        """Take a batch that heads learn from, and the encoder does not."""
        self._read_only = batch
        self._expected = self._latest

    def note_learned(self, head: object, batch: JointBatch) -> None:
        """Note that a head has learned from a batch, or found nothing in it to learn from."""
        batch.heads.add(head)
        self._latest = batch.heads

    def expects(self, head: object) -> bool:
        """Return whether a head may learn from the last batch: not if others alone came to the one before."""
        return self._expected is None or head in self._expected

    def learns_from(self, docs: Sequence[Doc]) -> bool:
        """Return whether Docs are predicted ones of the last batch."""
        return any(batch.has_all(docs) for batch in self._last)

    def lacks(self, heads: Iterable[object]) -> bool:
        """Return whether one of some heads has yet to come to the last batch."""
        return any(self.expects(head) and head not in batch.heads for batch in self._last for head in heads)

    def batch_of(self, examples: Sequence[Example]) -> JointBatch | None:
        """Return the batch of just these examples, if it is the last one."""
        return next((batch for batch in self._last if batch.is_of(examples)), None)

    def finish(self, learner: EncoderLearner, optimizer: SupportsStep) -> None:
        """Step, or let the step be due if no head has come to learn from the last batch yet."""
        is_early = bool(self._batches) and not self._batches[-1].heads
        if is_early and learner.processes.count == 1:  # several finish after all heads, at the same moment
            self._due = optimizer, Rates.of(optimizer)
        else:
            self._step(learner, optimizer, None)

    def settle(self, learner: EncoderLearner | None) -> None:
        """Make the step that is due. Of several threads, one makes it, and the others wait until it is made.

        learner: None if the encoder has never learned.
        """
        with self._lock:
            self._read_only = None
            due, self._due = self._due, None
            if due is not None and learner is not None:
                self._step(learner, *due)

    def forget(self) -> None:
        """Drop all batches, and the step that is due."""
        self._batches.clear()
        self._due = self._read_only = None

    @property
    def _last(self) -> list[JointBatch]:
        """The last batches that heads could learn from."""
        return [batch for batch in (*self._batches[-1:], self._read_only) if batch is not None]

    def _step(self, learner: EncoderLearner, optimizer: SupportsStep, rates: Rates | None) -> None:
        try:
            counts = _counts_of(self._batches, learner.processes)
            if counts.total():
                with torch.inference_mode(False), torch.enable_grad():  # the step may be made within a prediction
                    for batch in reversed(self._batches):
                        batch.learn(counts)
                    learner.step(optimizer, rates)
        except BaseException:  # what the first batches have added up must not be in the next step
            learner.forget()
            raise
        finally:
            self.forget()


def _counts_of(batches: Iterable[JointBatch], processes: Processes) -> Counter[object]:
    """Return how many examples, or tokens, each head has learned from, in all processes.

    A head that has learned in another process alone has no key here that could be looked up, but its count is there.
    """
    counts: Counter[object] = Counter()
    for batch in batches:
        counts.update(batch.counts)
    if processes.count == 1:
        return counts
    heads = {cast(TrainablePipe, head).name: head for head in counts}
    total = processes.sum_by_name({name: counts[head] for name, head in heads.items()})
    return Counter({heads.get(name, name): count for name, count in total.items()})
