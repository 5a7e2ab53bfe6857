"""From texts to the logits of a head, by the encoder of another component."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from spacy.tokens import Doc
from spacy.training import Example
from torch import Tensor

from ...learning.running_loss import RunningLoss
from ...subwords.batches import WindowBatch
from ...types import Floats
from ..lesson import Lesson, ReadsExamples
from ..outputs import WindowOutputs
from ..runner import LossOfWindows, Runner
from ..texts import EncodedTexts
from ..window_settings import WindowSettings
from .head_states import HeadStates
from .shim import HeadShim
from .window_logits import head_keys, joined


class HeadRunner(Runner):
    """Takes the logits that wait since the encoder's own turn, and computes those that don't."""

    def __init__(self, shim: HeadShim, windows: WindowSettings, **settings: Any):
        """Take the settings: see `Runner`."""
        super().__init__(shim, windows, **settings)
        self._upstream = shim.upstream
        self._states: HeadStates | None = None

    def check(self) -> None:
        """Raise ValueError if the encoder, where it is known yet, can't take the windows: see `Runner.check`."""
        if self._upstream.is_linked:
            super().check()

    def predict(self, texts: EncodedTexts, docs: Sequence[Doc] = ()) -> WindowOutputs:
        """Return the logits of encoded texts: see `Runner.predict`."""
        encoder = self._upstream.encoder
        if len(texts):
            encoder.settle(docs or None)
        batch = self.windows(texts)
        waiting = encoder.waiting(self._upstream.component, docs)
        ready = _ready_logits(batch, waiting) if any(waiting) else {}
        known = np.array(list(ready), dtype=np.int64)
        groups, logits = self.compute(batch, np.setdiff1d(np.arange(len(batch)), known))
        if ready:
            groups.append(known)
            logits.append(joined(list(ready.values()), spans=batch.spans is not None))
        return WindowOutputs(batch, groups, logits)

    @contextmanager
    def learning_from(
        self, component: ReadsExamples, examples: Sequence[Example], *, drop: float = 0.0
    ) -> Iterator[Lesson | None]:
        """Read examples, and learn in the block from the hidden states that all heads share."""
        batch = self._upstream.encoder.joint_batch(component, examples)
        if batch is None:
            yield None
            return
        lesson, self._states = batch.take(component)
        try:
            yield lesson
        finally:
            self._states = None
        self._upstream.encoder.note_learned(component, batch)

    def learn(self, batch: WindowBatch, loss: LossOfWindows) -> RunningLoss | float:
        """Add up the gradients of one batch, and leave those of its hidden states for the encoder."""
        assert self._states is not None
        states, learner = self._states, self._shim.learner
        before = learner.count
        with self._upstream.learning(states):
            mean_loss = super().learn(batch, loss)
        states.finish(learner.count - before, grad_factor=self._upstream.grad_factor)
        return mean_loss

    def inputs(self, batch: WindowBatch) -> Sequence[Tensor]:
        """Return the hidden states, if the encoder learns too."""
        leaf = None if self._states is None else self._states.leaf
        return [leaf] if leaf is not None and leaf.requires_grad else []


def _ready_logits(batch: WindowBatch, waiting: Sequence[Mapping[bytes, Floats]]) -> dict[int, Floats]:
    """Return the logits of those windows for which they wait, by the number of the window."""
    ready: dict[int, Floats] = {}
    for window, (key, text) in enumerate(zip(head_keys(batch), batch.windows.text.tolist(), strict=True)):
        logits = waiting[text].get(key)
        if logits is not None:
            ready[window] = logits
    return ready
