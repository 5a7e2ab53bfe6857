"""The adapter that gives Thinc and spaCy access to a head on vectors."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

from ...errors import Errors, InvalidError
from ...learning.adaptation import Adaptation
from ...network.checkpoint import Checkpoint
from ...network.settings import NetworkSettings
from ...network.vector_checkpoint import VectorCheckpoint, load_vector_checkpoint
from ...network.vector_module import VectorNetwork
from ..thinc_shim import NetworkShim


class ListeningShim(NetworkShim):
    """Holds a head on vectors and its learner for a Thinc model. dropout: the head's, in training."""

    def __init__(self, settings: NetworkSettings, adaptation: Adaptation, *, dropout: float):
        """Take the settings; no weights are read."""
        super().__init__(settings, adaptation)
        self.dropout = dropout

    def attach(self, checkpoint: Checkpoint) -> None:
        """Make a network from a checkpoint. A head learns well at the rate of spaCy's default optimizer."""
        super().attach(checkpoint)
        self._has_warned_of_rate = True

    def whole_checkpoint(self) -> NoReturn:
        """Raise ValueError: vectors of other components are no encoder that Transformers reads."""
        raise InvalidError(Errors.E560.format(encoder=self.settings.encoder.name))

    def read_folder(self, path: Path) -> VectorCheckpoint:
        """Return the head in a folder that `to_disk` wrote: see `load_vector_checkpoint`."""
        return load_vector_checkpoint(path, self.settings.architecture, dropout=self.dropout)

    def _make_network(self, checkpoint: Checkpoint) -> VectorNetwork:
        return VectorNetwork(checkpoint, device=self.settings.device, precision=self.settings.precision)
