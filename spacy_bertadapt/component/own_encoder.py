"""An encoder of a component's own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from spacy.tokens import Doc
from thinc.api import Model
from transformers import PretrainedConfig

from ..learning.adaptation import Adaptation
from ..network.checkpoint import Checkpoint
from ..network.encoder_source import EncoderSource
from ..network.pretrained import NameOutputs, read_encoder
from ..network.pretrained_config import read_encoder_config
from ..network.settings import NetworkSettings
from .component_encoder import ComponentEncoder, RunnerSettings
from .runner import Runner
from .thinc_model import shim_of
from .thinc_shim import NetworkShim


class OwnEncoder(EncoderSource, ComponentEncoder):
    """A pretrained encoder that a component reads for itself: see `EncoderSource`."""

    def make_shim(self, settings: NetworkSettings, adaptation: Adaptation) -> NetworkShim:
        """Return what holds encoder and head."""
        return NetworkShim(settings, adaptation)

    def make_runner(self, model: Model[Any, Any], settings: RunnerSettings) -> Runner:
        """Return what sends texts through encoder and head."""
        segment, limit = settings.windowed_segment, settings.window_limit
        return Runner(shim_of(model), settings.windows, windowed_segment=segment, window_limit=limit)

    def read(
        self, model: Model[Any, Any], labels: NameOutputs | None, docs: Iterable[Doc], *, segments: int
    ) -> tuple[Checkpoint, bool]:
        """Return encoder and head as they were pretrained: see `read_encoder`."""
        return read_encoder(self, shim_of(model).settings.architecture, labels)

    def pretrained_config(self, model: Model[Any, Any]) -> PretrainedConfig:
        """Return the configuration of the checkpoint: see `read_encoder_config`."""
        return read_encoder_config(self)
