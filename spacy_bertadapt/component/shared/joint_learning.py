"""The steps of an encoder that several heads share: when it goes forward, backward, and steps.

spaCy updates the encoder first and then the heads, and finishes the update of each in the same order. In the training
loop, that comes when all heads have learned. `nlp.update` with an optimizer finishes the encoder's update just after
its forward pass: then the step is due, and is made before anything else is learned or predicted.
"""

from __future__ import annotations

import weakref
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from spacy.tokens import Doc
from spacy.training import Example

from ...forks import fork_safe_lock
from ...learning.encoder_learner import EncoderLearner
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
        self._learning: weakref.WeakSet[object] | None = None
        self._lock = fork_safe_lock()

    def __reduce__(self) -> tuple[type[JointLearning], tuple[()]]:
        return JointLearning, ()

    def begin(self, batch: JointBatch) -> None:
        """Take another batch that heads are about to learn from. Of the one before, little is kept."""
        if self._batches:
            self._batches[-1].close()
        self._batches.append(batch)

    def read(self, batch: JointBatch) -> None:
        """Take a batch that heads learn from, and the encoder does not."""
        self._read_only = batch

    def come(self, head: object, batch: JointBatch) -> None:
        """Note that a head has come to learn from a batch."""
        batch.heads.add(head)
        self._learning = batch.heads

    def expects(self, head: object) -> bool:
        """Return whether a head may learn from the next batch: not if others alone came to the last one."""
        return self._learning is None or head in self._learning

    def batch_of(self, examples: Sequence[Example]) -> JointBatch | None:
        """Return the batch of just these examples, if it is the last one."""
        return next((batch for batch in self._last if batch.is_of(examples)), None)

    def finish(self, learner: EncoderLearner, optimizer: SupportsStep) -> None:
        """Step, or let the step be due if no head has come to learn from the last batch yet."""
        if self._batches and not self._batches[-1].heads:
            self._due = optimizer, Rates.of(optimizer)
        else:
            self._step(learner, optimizer, None)

    def settle(self, learner: EncoderLearner | None, docs: Sequence[Doc] | None = None) -> None:
        """Make the step that is due. Of several threads, one makes it, and the others wait until it is made.

        learner: None if the encoder has never learned. docs: those that are predicted next, if these are known; if they
        are the last batch's own, components annotate them in the same update, and other heads may have yet to learn.
        """
        with self._lock:
            if docs is not None and any(all(map(batch.predicts, docs)) for batch in self._last):
                return
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
        counts: Counter[object] = Counter()
        for batch in self._batches:
            counts.update(batch.counts)
        try:
            if counts.total():
                for batch in reversed(self._batches):
                    batch.learn(counts)
                learner.step(optimizer, rates)
        except BaseException:  # what the first batches have added up must not be in the next step
            learner.forget()
            raise
        finally:
            self.forget()
