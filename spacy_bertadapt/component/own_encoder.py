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
from .component_encoder import ComponentEncoder, ReadTexts
from .runner import Runner
from .thinc_model import shim_of
from .thinc_shim import NetworkShim
from .window_settings import WindowSettings


class OwnEncoder(EncoderSource, ComponentEncoder):
    """A pretrained encoder that a component reads for itself: see `EncoderSource`."""

    def make_shim(self, settings: NetworkSettings, adaptation: Adaptation) -> NetworkShim:
        """Return what holds encoder and head."""
        return NetworkShim(settings, adaptation)

    def make_runner(
        self,
        model: Model[Any, Any],
        windows: WindowSettings,
        *,
        read_texts: ReadTexts,
        windowed_segment: int,
        window_limit: int | None,
    ) -> Runner:
        """Return what sends texts through encoder and head."""
        return Runner(shim_of(model), windows, windowed_segment=windowed_segment, window_limit=window_limit)

    def read(
        self, model: Model[Any, Any], labels: NameOutputs | None, docs: Iterable[Doc], *, segments: int
    ) -> tuple[Checkpoint, bool]:
        """Return encoder and head as they were pretrained: see `read_encoder`."""
        return read_encoder(self, shim_of(model).settings.architecture, labels)

    def pretrained_config(self, model: Model[Any, Any]) -> PretrainedConfig:
        """Return the configuration of the checkpoint: see `read_encoder_config`."""
        return read_encoder_config(self)
