"""The calibration of a component: a scale for its logits, so that probabilities are shares of what is right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from math import isfinite
from typing import Any

import numpy as np

from ..errors import Errors, InvalidError
from ..types import Floats
from .outputs import WindowOutputs
from .saving import STATE


@dataclass(frozen=True, slots=True)
class Calibration:
    """Logits times `scale` plus `bias` are logits of probabilities that can be trusted (Guo et al., 2017).

    scale: one number for all outputs, the inverse of a temperature, or one an output. bias: likewise.
    thresholds: by label, the probability from which it is decided for.
    """

    scale: Sequence[float] = (1.0,)
    bias: Sequence[float] = (0.0,)
    thresholds: Mapping[str, float] = field(default_factory=dict)

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

    def thresholds_of(self, labels: Sequence[str], default: float) -> Floats:
        """Return the threshold of each label, (labels,); default: of those without one."""
        return np.array([self.thresholds.get(label, default) for label in labels], dtype=np.float32)

    def to_state(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        return asdict(self)

    @classmethod
    def from_state(cls, state: Any, labels: Sequence[str]) -> Calibration:
        """Return what `to_state` returned. Raises ValueError for anything else. labels: of the component."""
        if state is None:
            return cls()
        try:
            made = cls(tuple(state["scale"]), tuple(state["bias"]), dict(state["thresholds"]))
            numbers = [*made.scale, *made.bias, *made.thresholds.values()]
            is_right = all(isinstance(number, float) and isfinite(number) for number in numbers)
            is_right = is_right and min(made.scale) > 0 and set(made.thresholds) <= set(labels)
        except (TypeError, KeyError, ValueError):
            is_right = False
        if not is_right:
            raise InvalidError(Errors.E105.format(path=STATE, reason=f"has calibration = {state!r:.80}"))
        return made


NOT_CALIBRATED = Calibration()
