"""The adapter of a head whose encoder is another component's."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from spacy.training import Example
from thinc.api import Optimizer
from transformers import PretrainedConfig

from ...errors import Errors, InvalidError
from ...learning.adaptation import Adaptation
from ...network.checkpoint import Checkpoint
from ...network.encoder_source import EncoderSource
from ...network.head_checkpoint import HeadCheckpoint, read_head
from ...network.pretrained import NameOutputs
from ...network.pretrained_config import read_encoder_config
from ...network.settings import NetworkSettings
from ...types import SupportsStep
from ..config_beside import component_names
from ..lesson import Lesson
from ..thinc_shim import NetworkShim
from .head_network import HeadNetwork
from .joint_batch import HeadStates
from .upstream import Upstream
from .whole_checkpoint import join


class HeadShim(NetworkShim):
    """Holds a head and its learner. upstream: the way to the component that has the encoder."""

    shares_encoder = True

    def __init__(self, settings: NetworkSettings, adaptation: Adaptation, upstream: Upstream):
        """Take the settings; no weights are read."""
        super().__init__(settings, adaptation)
        self.upstream = upstream
        self.states: HeadStates | None = None

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

    def serve(self, component: Any) -> None:
        """Note the component that the head belongs to."""
        self.upstream.component = component

    def unlink(self) -> None:
        """Forget the component that has the encoder, until the pipeline links the two again."""
        self.upstream.unlink()

    def read_pretrained_config(self) -> PretrainedConfig:
        """Return the configuration of the checkpoint that the encoder was read from, or else the encoder's."""
        encoder = self.upstream.encoder.network.checkpoint
        return encoder.module.config if encoder.source is None else read_encoder_config(encoder.source)

    def read_pretrained(self, labels: Sequence[str] | NameOutputs | None) -> tuple[Checkpoint, bool]:
        """Return a head for the encoder, and whether it is a trained one: see `read_head`."""
        return read_head(self.upstream.encoder.network.checkpoint, self.settings.architecture, labels)

    def lesson(self, component: Any, examples: Sequence[Example]) -> Lesson | None:
        """Return what the head reads of a batch of examples, and note the hidden states of it."""
        self.states = None
        batch = self.upstream.encoder.joint_batch(component, examples)
        if batch is None:
            return component.lesson(examples)
        self.states = batch.states_of(id(component))
        return batch.lessons[id(component)]

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
        if names and self.upstream.name not in names:
            name = self.upstream.component.name
            raise InvalidError(Errors.E345.format(name=name, upstream=self.upstream.name, known=list(names)))
        super()._write(folder, pipeline=pipeline)

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "states": None}
