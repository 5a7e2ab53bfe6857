"""float16's dynamic loss scale, kept on the device."""

from __future__ import annotations

import torch
from torch import Tensor

GROWTH_INTERVAL = 2000
SMALLEST, LARGEST = 1.0, 2.0**24


class LossScale:
    """A factor on the loss that keeps float16 gradients from vanishing.

    It halves when a gradient overflows and doubles after 2,000 good steps, as in mixed-precision training
    by Micikevicius et al. (2018).
    """

    def __init__(self, device: torch.device, count: int = 1):
        """device: where the scale lives, so that no step waits for it. count: what losses are sums over, about."""
        self.scale = torch.tensor(2.0**16, device=device)
        self._count = count
        self._good_steps = torch.zeros((), device=device)

    @property
    def factor(self) -> Tensor | float:
        """What a loss that is a sum is multiplied by: the scale of its mean."""
        return self.scale / self._count

    def update(self, not_finite: Tensor) -> Tensor:
        """Adjust after a step (1.0: its gradient was not finite).

        Returns 1.0 where that counts as a failure: the scale was at its smallest, and did not help.
        """
        failed = not_finite * (self.scale <= SMALLEST)
        self._good_steps = (self._good_steps + 1) * (1 - not_finite)
        grow = (self._good_steps >= GROWTH_INTERVAL).float()
        self._good_steps = self._good_steps * (1 - grow)
        self.scale = (self.scale * (1 + grow) * (1 - 0.5 * not_finite)).clamp(SMALLEST, LARGEST)
        return failed


class NoLossScale(LossScale):
    """Leaves losses as they are, as other number formats need no scale."""

    def __init__(self) -> None:
        """Need nothing."""

    @property
    def factor(self) -> float:
        """One."""
        return 1.0

    def update(self, not_finite: Tensor) -> Tensor:
        """Count every step that was not finite as a failure."""
        return not_finite


def loss_scale(device: torch.device, dtype: torch.dtype | None, count: int) -> LossScale:
    """Return the loss scale of a number format. count: examples, or tokens, of a usual batch."""
    return LossScale(device, max(1, count)) if dtype == torch.float16 else NoLossScale()
