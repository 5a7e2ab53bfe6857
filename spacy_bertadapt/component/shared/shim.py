"""The adapter of a head whose encoder is another component's."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any, cast

from thinc.api import Optimizer

from ...errors import Errors, InvalidError
from ...learning.adaptation import Adaptation
from ...network.checkpoint import Checkpoint
from ...network.encoder_source import EncoderSource
from ...network.head_checkpoint import HeadCheckpoint
from ...network.settings import NetworkSettings
from ...types import SupportsStep
from ..config_beside import component_names
from ..thinc_shim import NetworkShim
from .head_network import HeadNetwork
from .upstream import Upstream
from .whole_checkpoint import join


class HeadShim(NetworkShim):
    """Holds a head and its learner. upstream: the way to the component that has the encoder."""

    shares_encoder = True

    def __init__(self, settings: NetworkSettings, adaptation: Adaptation, upstream: Upstream):
        """Take the settings; no weights are read."""
        super().__init__(settings, adaptation)
        self.upstream = upstream

    @property
    def encoder_checkpoint(self) -> Checkpoint:
        """The checkpoint of the encoder, with its tokenizer. Raises ValueError if the head was made for another one."""
        checkpoint = self.upstream.encoder.network.checkpoint
        size, wanted = checkpoint.module.config.hidden_size, self.network.module.config.hidden_size
        if size != wanted:
            names = {"name": self.upstream.component.name, "upstream": self.upstream.name}
            raise InvalidError(Errors.E344.format(**names, size=size, wanted=wanted))
        return checkpoint

    @property
    def encoder_source(self) -> EncoderSource:
        """Where the shared encoder comes from."""
        return self.upstream.encoder.source

    def whole_checkpoint(self) -> Checkpoint:
        """Return a copy of the head with a copy of the encoder, as it is after the step that is due."""
        self.upstream.encoder.settle()
        return join(self.network.module, copy.deepcopy(self.encoder_checkpoint))

    def set_component(self, component: Any) -> None:
        """Note the component that the head belongs to."""
        self.upstream.component = component

    def unlink(self) -> None:
        """Forget the component that has the encoder, until the pipeline links the two again."""
        self.upstream.unlink()

    def finish_update(self, optimizer: Optimizer) -> None:
        """Step with the gradients that were added up since the last step."""
        if self._learner is not None:
            self._learner.step(cast(SupportsStep, optimizer))

    def read_folder(self, path: Path) -> Checkpoint:
        """Return the head in a folder that `to_disk` wrote."""
        return HeadCheckpoint.load(path, self.settings.architecture)

    def _make_network(self, checkpoint: Checkpoint) -> HeadNetwork:
        settings = self.settings
        return HeadNetwork(checkpoint, self.upstream, device=settings.device, precision=settings.precision)

    def _write(self, folder: Path, *, pipeline: Path | None) -> None:
        """Write the head. Raises ValueError if the pipeline that is saved has no component with the encoder."""
        names = component_names(pipeline) if pipeline is not None else ()
        if pipeline is not None and names and (upstream := self.upstream.name_in(pipeline)) not in names:
            name = self.upstream.component.name
            raise InvalidError(Errors.E345.format(name=name, upstream=upstream, known=list(names)))
        super()._write(folder, pipeline=pipeline)
