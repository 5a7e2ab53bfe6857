"""Components that can be calibrated: the scale of their logits, and the thresholds that they decide by."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from ..errors import Errors, InvalidError, Warnings
from .calibration import NOT_CALIBRATED, Calibration
from .labels import LabelledComponent
from .network_component import NetworkComponent
from .saving import STATE


class CalibratedComponent(LabelledComponent, NetworkComponent):
    """A component with a network, whose logits can be scaled so that its probabilities can be trusted."""

    _calibration = NOT_CALIBRATED

    @property
    def calibration(self) -> Calibration:
        """The scale of the logits, and the thresholds of labels. It can be set, and is saved with the component.

        Setting one raises ValueError if it doesn't fit the labels and the outputs.
        """
        return self._calibration

    @calibration.setter
    def calibration(self, calibration: Calibration) -> None:
        if calibration != NOT_CALIBRATED:
            outputs = len(self.network.checkpoint.labels) if self.shim.is_initialized else None
            calibration.check(self.name, self.labels, outputs)
        self._calibration = calibration

    @property
    def decided_labels(self) -> tuple[str, ...]:
        """The labels that it decides for, each with a threshold of its own if `bertadapt calibrate` finds one."""
        return self.labels

    def take_thresholds(self, thresholds: Mapping[str, float]) -> None:
        """Decide for a label from a probability on, from now on. thresholds: those of `decided_labels`."""
        self.calibration = replace(self.calibration, thresholds=thresholds)

    @contextmanager
    def deciding(self, *, every: bool) -> Iterator[None]:
        """Give each decision in the block a score. every: also decide for what is too improbable otherwise."""
        with self._decided_by({} if every else None):
            yield

    def remove_adapter(self) -> None:
        """Remove LoRA's matrices: see `NetworkComponent`. A calibration, which was fitted with them, is dropped."""
        super().remove_adapter()
        self.forget_calibration()

    def forget_calibration(self) -> None:
        """Go back to the logits as they are, as other weights have others. Warns of that."""
        if self.calibration != NOT_CALIBRATED:
            warnings.warn(Warnings.W600.format(name=self.name), stacklevel=3)
            self.calibration = NOT_CALIBRATED

    def calibration_state(self) -> dict[str, Any]:
        """Return the calibration as JSON can hold it; nothing if there is none."""
        return {} if self.calibration == NOT_CALIBRATED else {"calibration": self.calibration.to_state()}

    def restore_calibration(self, state: Mapping[str, Any]) -> None:
        """Take over what `calibration_state` returned. Raises ValueError if it doesn't fit the labels."""
        try:
            self.calibration = Calibration.from_state(state.get("calibration"))
        except InvalidError as err:
            raise InvalidError(Errors.E105.format(path=STATE, reason=f"does not hold: {err}")) from err

    @contextmanager
    def _decided_by(self, thresholds: Mapping[str, float] | None, **settings: Any) -> Iterator[None]:
        """Have other settings in the block, and other thresholds of labels; None: the same ones."""
        calibration, before = self._calibration, {name: self._settings[name] for name in settings}
        if thresholds is not None:
            self._calibration = replace(calibration, thresholds=thresholds)
        self._settings.update(settings)
        try:
            yield
        finally:
            self._calibration = calibration
            self._settings.update(before)
