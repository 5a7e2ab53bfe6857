"""float16's dynamic loss scale, kept on the device."""

from __future__ import annotations

from collections.abc import Mapping

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
        """device: where the scale is kept, so that no step waits for it. count: examples that a loss sums, roughly."""
        self.scale = torch.full((), 2.0**16, device=device)
        self._count = count
        self._good_steps = torch.zeros((), device=device)

    @property
    def factor(self) -> Tensor:
        """The factor on a summed loss: the scale divided by the usual count."""
        return self.scale / self._count

    def update(self, not_finite: Tensor) -> Tensor:
        """Adjust the scale after a step.

        not_finite: 1.0 if the step's gradient was not finite, else 0.0.
        Returns 1.0 if that counts as a failure, as the scale was at its smallest already, else 0.0.
        """
        failed = not_finite * (self.scale <= SMALLEST)
        self._good_steps = (self._good_steps + 1) * (1 - not_finite)
        grow = (self._good_steps >= GROWTH_INTERVAL).float()
        self._good_steps = self._good_steps * (1 - grow)
        self.scale = (self.scale * (1 + grow) * (1 - 0.5 * not_finite)).clamp(SMALLEST, LARGEST)
        return failed

    def state(self) -> dict[str, Tensor]:
        """Return what the scale depends on, by name."""
        return {"scale": self.scale, "good_steps": self._good_steps, "count": torch.tensor(self._count)}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Take over what `state` returned."""
        device = self.scale.device
        self.scale, self._good_steps = state["scale"].to(device), state["good_steps"].to(device)
        self._count = int(state["count"])


class NoLossScale:
    """Leaves losses as they are: other number formats need no scale."""

    factor = 1.0

    def update(self, not_finite: Tensor) -> Tensor:
        """Return `not_finite`: every step with a gradient that was not finite is a failure."""
        return not_finite


def loss_scale(device: torch.device, dtype: torch.dtype | None, count: int) -> LossScale | NoLossScale:
    """Return the loss scale of a number format. count: examples, or tokens, of a usual batch."""
    return LossScale(device, max(1, count)) if dtype == torch.float16 else NoLossScale()
