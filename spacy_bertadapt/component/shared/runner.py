"""From texts to the logits of a head, by the encoder of another component."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from spacy.tokens import Doc
from torch import Tensor

from ...learning.running_loss import RunningLoss
from ...subwords.batches import WindowBatch
from ...types import Floats
from ..outputs import WindowOutputs
from ..runner import LossOfWindows, Runner
from ..texts import EncodedTexts
from ..thinc_shim import NetworkShim
from ..window_settings import WindowSettings
from .shim import HeadShim
from .window_logits import head_keys, joined


class HeadRunner(Runner):
    """Takes the logits that wait since the encoder's own turn, and computes those that don't."""

    def __init__(self, shim: HeadShim, windows: WindowSettings, **settings: Any):
        """Take the settings: see `Runner`."""
        super().__init__(shim, windows, **settings)
        self._upstream = shim.upstream
        self._head_shim = shim

    def check(self) -> None:
        """Raise ValueError if the encoder, where it is known yet, can't take the windows: see `Runner.check`."""
        if self._upstream.is_linked:
            super().check()

    def predict(self, texts: EncodedTexts, docs: Sequence[Doc] = ()) -> WindowOutputs:
        """Return the logits of encoded texts: see `Runner.predict`."""
        encoder = self._upstream.encoder
        encoder.settle(docs)
        batch = self.windows(texts)
        waiting = encoder.waiting(self._upstream.component, docs)
        ready = _ready_logits(batch, waiting) if any(waiting) else {}
        known = np.array(list(ready), dtype=np.int64)
        groups, logits = self.compute(batch, np.setdiff1d(np.arange(len(batch)), known))
        if ready:
            groups.append(known)
            logits.append(joined(list(ready.values()), spans=batch.spans is not None))
        return WindowOutputs(batch, groups, logits)

    def learn(self, batch: WindowBatch, loss: LossOfWindows) -> RunningLoss | float:
        """Add up the gradients of one batch, and leave those of its hidden states for the encoder."""
        assert self._head_shim.states is not None
        states, learner = self._head_shim.states, self._head_shim.learner
        with self._upstream.learning(states):
            before = learner.count
            mean_loss = super().learn(batch, loss)
            states.count += learner.count - before
        return mean_loss

    def inputs(self, batch: WindowBatch) -> Sequence[Tensor]:
        """Return the hidden states, if the encoder learns too."""
        states = self._head_shim.states
        return [states.leaf] if states is not None and states.learns else []


def _ready_logits(batch: WindowBatch, waiting: Sequence[Mapping[bytes, Floats]]) -> dict[int, Floats]:
    """Return the logits of those windows for which they wait, by the number of the window."""
    ready: dict[int, Floats] = {}
    for window, (key, text) in enumerate(zip(head_keys(batch), batch.windows.text.tolist(), strict=True)):
        logits = waiting[text].get(key)
        if logits is not None:
            ready[window] = logits
    return ready


def runner_of(shim: NetworkShim, windows: WindowSettings, **settings: Any) -> Runner:
    """Return the runner for a network with an encoder of its own, or for a head without."""
    return HeadRunner(shim, windows, **settings) if isinstance(shim, HeadShim) else Runner(shim, windows, **settings)
