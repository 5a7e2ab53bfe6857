"""The adapter of an encoder that heads elsewhere share."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from pathlib import Path
from typing import Any, cast

from thinc.api import Optimizer

from ...learning.encoder_learner import EncoderLearner
from ...network.checkpoint import Checkpoint
from ...types import Floats, PaddedBatch, SupportsStep
from ..thinc_shim import NetworkShim
from .joint_learning import JointLearning


class EncoderShim(NetworkShim):
    """Holds an encoder, its learner, and the batches that its heads learn from. joint: these."""

    _learner: EncoderLearner | None

    def __init__(self, *args: Any):
        """Take the settings: see `NetworkShim`."""
        super().__init__(*args)
        self.joint = JointLearning()

    @property
    def encoder_learner(self) -> EncoderLearner:
        """The learner of the encoder."""
        return cast(EncoderLearner, self.learner)

    def attach(self, checkpoint: Checkpoint) -> None:
        """Make a network from a checkpoint. The earlier network and all that was to be learned are dropped."""
        super().attach(checkpoint)
        self.joint = JointLearning()

    def remove_adapter(self, *, merge: bool) -> None:
        """Remove LoRA's matrices after the step that is due: see `NetworkShim.remove_adapter`."""
        self.settle()
        super().remove_adapter(merge=merge)
        self.joint = JointLearning()

    def predict(self, batches: Iterable[PaddedBatch]) -> list[Floats]:
        """Return what the network returns for every batch, after the step that is due."""
        self.settle()
        return super().predict(batches)

    def to_device(self, device_type: str, device_id: int) -> None:
        """Move the network to a device, after the step that is due. Gradients since then are dropped."""
        self.settle()
        self.joint.forget()
        super().to_device(device_type, device_id)

    def finish_update(self, optimizer: Optimizer) -> None:
        """Step, or let the step be due: see `JointLearning.finish`."""
        if self._learner is not None:
            self.joint.finish(self._learner, cast(SupportsStep, optimizer))
            self.warn_of_rate(optimizer)

    def settle(self) -> None:
        """Make the step that is due: see `JointLearning.settle`."""
        self.joint.settle(self._learner)

    def forget(self) -> None:
        """Drop all gradients since the last step."""
        self.joint.forget()
        super().forget()

    def copy(self) -> EncoderShim:
        """Return a shim with a copy of the network, as spaCy asks for to give a head its own."""
        self.settle()
        twin = EncoderShim(self.settings, self.adaptation)
        if self.is_initialized:
            twin.attach(copy.deepcopy(self.network.checkpoint))
        return twin

    def _make_learner(self) -> EncoderLearner:
        return EncoderLearner(self.network, self.adaptation)

    def _write(self, folder: Path, *, pipeline: Path | None) -> None:
        self.settle()
        super()._write(folder, pipeline=pipeline)

    def __getstate__(self) -> dict[str, Any]:
        self.settle()
        return super().__getstate__()
