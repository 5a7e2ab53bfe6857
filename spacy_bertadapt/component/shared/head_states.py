"""The hidden states that one head learns from."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from ...network.inputs import to_device
from ...types import Ints, PaddedBatch


class HeadStates:
    """Hidden states of a batch, and what a head gives back: a gradient, and how many examples it learned from.

    leaf: (1 + subwords, hidden) a row of zeros, then the states of all subwords; None once the head has learned.
    gradient: of the leaf, summed over the head's examples, times its factor; None before, without examples, and where
    none is wanted. count: of examples, or tokens, that the head's loss sums over.
    """

    def __init__(self, states: Tensor, places: Callable[[PaddedBatch], Ints], *, learns: bool):
        """states: as `leaf`. places: returns their rows for a padded batch. learns: whether a gradient is wanted."""
        self.leaf: Tensor | None = states.detach().requires_grad_(learns)
        self.gradient: Tensor | None = None
        self.count = 0
        self._places = places

    def read(self, padded: PaddedBatch) -> Tensor:
        """Return the states of windows of the batch, (rows, width, hidden), zeros where there is padding."""
        assert self.leaf is not None
        places = self._places(padded)
        index = to_device(places.ravel(), self.leaf.device)
        return self.leaf.index_select(0, index).view(*places.shape, -1)

    def finish(self, count: int, *, grad_factor: float) -> None:
        """Keep the gradient alone, times a factor, as the head has learned. count: of its examples, or tokens."""
        assert self.leaf is not None
        gradient = self.leaf.grad
        if count and gradient is not None:
            self.gradient = gradient.mul_(grad_factor)
        self.leaf, self.count = None, count
