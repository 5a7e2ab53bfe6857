"""Losses that stay on the device until they are read."""

from __future__ import annotations

from torch import Tensor


class RunningLoss:
    """A sum of losses on a device, instead of the float that spaCy keeps in `losses`.

    Arithmetic does not wait for the device. float(), comparisons, formatting and JSON do.
    """

    def __init__(self, value: Tensor):
        """value: a scalar tensor."""
        self._value = value

    def __add__(self, other: RunningLoss | float) -> RunningLoss:
        return RunningLoss(self._value + (other._value if isinstance(other, RunningLoss) else other))

    __radd__ = __add__

    def __float__(self) -> float:
        return float(self._value)

    def __truediv__(self, other: float) -> RunningLoss:
        return RunningLoss(self._value / other)

    def __mul__(self, other: float) -> RunningLoss:
        return RunningLoss(self._value * other)

    __rmul__ = __mul__

    def __lt__(self, other: RunningLoss | float) -> bool:
        return float(self) < float(other)

    def __gt__(self, other: RunningLoss | float) -> bool:
        return float(self) > float(other)

    def __format__(self, spec: str) -> str:
        return format(float(self), spec)

    def __repr__(self) -> str:
        return repr(float(self))

    def __json__(self) -> str:
        return repr(float(self))


def running_loss(loss: Tensor) -> RunningLoss | float:
    """Return what to add to `losses`: a float where reading is free, else a `RunningLoss`, 0 if not finite."""
    finite = loss.detach().nan_to_num(0.0, posinf=0.0, neginf=0.0)
    return float(finite) if finite.device.type == "cpu" else RunningLoss(finite)
