"""How an encoder without a head learns: from gradients of its hidden states, which heads elsewhere have computed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from torch import Tensor

from ..network.module_parts import Anatomy
from ..types import SupportsStep
from .learner import Learner, Loss


class EncoderLearner(Learner):
    """Trains an encoder whose heads are elsewhere, or keeps its hidden states if it is frozen.

    The gradients that it gets are means over examples already.
    """

    @property
    def is_resting(self) -> bool:
        """Whether no parameter learns, for good or until layers thaw."""
        return not any(parameter.requires_grad for parameter in self.network.module.parameters())

    def freeze(self) -> None:
        """Mark the parameters that learn from now on; there may be none, as heads learn elsewhere.

        The pooler doesn't: hidden states are read before it, and each head has one of its own.
        """
        module = self.network.module
        self.adaptation.freeze(module, self.steps)
        anatomy = Anatomy(module)
        for name, parameter in module.named_parameters():
            if anatomy.is_pooler(name):
                parameter.requires_grad_(False)

    @contextmanager
    def training(self) -> Iterator[None]:
        """Have the network in training mode in the block, and keep the hidden states of a frozen encoder."""
        self.keep_features()
        with super().training():
            yield

    def learn(self, forward: Callable[[], Loss], *, inputs: Sequence[Tensor] = ()) -> Loss:
        """Run a backward pass, and add up the gradients: see `Learner.learn`."""
        loss = super().learn(forward, inputs=inputs)
        self._count = 1
        return loss

    def step(self, optimizer: SupportsStep, rates: SupportsStep | None = None) -> None:
        """Step: see `Learner.step`. While nothing learns, steps are counted, and layers thaw at theirs."""
        if not self.is_resting:
            super().step(optimizer, rates)
            return
        self.steps += 1
        if self.adaptation.changes_at(self.steps):
            self.freeze()

    def _divisor(self, count: float) -> float:
        """Return 1, as each process's gradient is divided by the examples of all of them already."""
        return 1.0
