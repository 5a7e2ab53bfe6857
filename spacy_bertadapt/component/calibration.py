"""The calibration of a component: a scale for its logits, so that probabilities are shares of what is right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import Errors, InvalidError
from ..types import Floats

if TYPE_CHECKING:
    from .outputs import WindowOutputs

NEVER = 1.0
"""The threshold that no score reaches, not even one that is rounded to 1."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """Logits times `scale` plus `bias` are logits of probabilities that can be trusted (Guo et al., 2017).

    scale: one number for all outputs, the inverse of a temperature, or one an output. bias: likewise.
    thresholds: by label, the probability from which it is decided for.
    """

    scale: Sequence[float] = (1.0,)
    bias: Sequence[float] = (0.0,)
    thresholds: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Keep numbers with 6 digits, as files do. Raises ValueError for what can't scale logits, or is no share."""
        try:
            scale, bias = tuple(map(_short, self.scale)), tuple(map(_short, self.bias))
            thresholds = {str(label): _short(least) for label, least in self.thresholds.items()}
        except (AttributeError, TypeError, ValueError) as err:
            raise InvalidError(Errors.E604.format(value=repr(self)[:120])) from err
        possible = len(scale) == len(bias) > 0 and all(map(isfinite, (*scale, *bias))) and min(scale) > 0
        if not possible or not all(0 <= least <= NEVER for least in thresholds.values()):
            raise InvalidError(Errors.E604.format(value=repr(self)[:120]))
        for name, value in (("scale", scale), ("bias", bias), ("thresholds", thresholds)):
            object.__setattr__(self, name, value)

    @property
    def is_scaled(self) -> bool:
        """Whether it changes logits."""
        return any(value != 1 for value in self.scale) or any(self.bias)

    @property
    def temperature(self) -> float | None:
        """The one number that all logits are divided by; None if each output has its own."""
        return 1 / self.scale[0] if len(self.scale) == 1 and not any(self.bias) else None

    def applied(self, outputs: WindowOutputs) -> WindowOutputs:
        """Return calibrated logits."""
        if not self.is_scaled:
            return outputs
        scale, bias = (np.array(values, dtype=np.float32) for values in (self.scale, self.bias))
        return replace(outputs, logits=[logits * scale + bias for logits in outputs.logits])

    def reaches(self, label: str, score: float, default: float = 0.0) -> bool:
        """Return whether a score is enough for a label. default: the threshold of labels without one."""
        least = self.thresholds.get(label, default)
        return score >= least and (least < NEVER or label not in self.thresholds)

    def thresholds_of(self, labels: Sequence[str], default: float) -> Floats:
        """Return the threshold of each label, (labels,), above 1 for `NEVER`; default: of those without one."""
        least = [self.thresholds.get(label, default) for label in labels]
        never = [self.thresholds.get(label) == NEVER for label in labels]
        return np.where(never, np.float32(np.inf), np.array(least, dtype=np.float32))

    def check(self, name: str, labels: Sequence[str], outputs: int | None) -> None:
        """Raise ValueError for thresholds of labels that a component doesn't have, and scales of other outputs.

        name: the component's. outputs: how many logits it has of each unit; None: there is no network to tell it.
        """
        unknown = sorted(set(self.thresholds) - set(labels))
        if unknown or len(self.scale) not in (1, outputs or len(self.scale)):
            found = f"thresholds of {', '.join(unknown)}" if unknown else f"{len(self.scale)} scales"
            raise InvalidError(Errors.E605.format(name=name, found=found, labels=", ".join(labels), outputs=outputs))

    def to_state(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        return asdict(self)

    @classmethod
    def from_state(cls, state: Any) -> Calibration:
        """Return what `to_state` returned. Raises ValueError for anything else."""
        if state is None:
            return cls()
        try:
            return cls(state["scale"], state["bias"], state["thresholds"])
        except (TypeError, KeyError) as err:
            raise InvalidError(Errors.E604.format(value=repr(state)[:120])) from err


def _short(number: float) -> float:
    return float(f"{number:.6g}")


NOT_CALIBRATED = Calibration()
