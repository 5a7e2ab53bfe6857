"""The encoder of another component of the pipeline, which several components share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from spacy.tokens import Doc
from spacy.util import dot_to_object
from thinc.api import Config, Model
from transformers import PretrainedConfig

from ...errors import Errors, InvalidError, require_at_least
from ...learning.adaptation import Adaptation
from ...network.checkpoint import Checkpoint
from ...network.head_checkpoint import read_head
from ...network.pretrained import NameOutputs
from ...network.pretrained_config import read_encoder_config
from ...network.settings import NetworkSettings
from ..component_encoder import ComponentEncoder, RunnerSettings
from ..thinc_model import shim_of
from ..thinc_shim import NetworkShim
from .listener import EncoderListener
from .runner import HeadRunner
from .shim import HeadShim
from .upstream import Upstream

UPSTREAM = "upstream"


@dataclass(frozen=True, slots=True)
class SharedEncoder(ComponentEncoder):
    """The encoder of another component.

    upstream: the name of that component, a `bert_encoder` before the one that names it. grad_factor: how much the
    gradient of this head weighs in the encoder's step, beside those of others; 0: the head teaches it nothing.
    """

    upstream: str = "bert_encoder"
    grad_factor: float = 1.0

    def __post_init__(self) -> None:
        """Check the settings."""
        require_at_least("model.encoder.grad_factor", self.grad_factor, 0)

    @property
    def name(self) -> str:  # type: ignore[override]
        """The name of the component, for messages."""
        return self.upstream

    def make_shim(self, settings: NetworkSettings, adaptation: Adaptation) -> HeadShim:
        """Return what holds the head. Raises ValueError for an adaptation of the encoder, which has its own."""
        if not adaptation.is_full:
            setting = ".gradient_checkpointing = true" if adaptation.gradient_checkpointing else ""
            kind = type(adaptation).__name__ + setting
            raise InvalidError(Errors.E346.format(adapt=kind, upstream=self.upstream))
        return HeadShim(settings, adaptation, Upstream(self.upstream, grad_factor=self.grad_factor))

    def layers(self, shim: NetworkShim) -> list[Model[Any, Any]]:
        """Return the layer that stands for the encoder."""
        return [EncoderListener(cast(HeadShim, shim).upstream)]

    def make_runner(self, model: Model[Any, Any], settings: RunnerSettings) -> HeadRunner:
        """Return what sends texts through the shared encoder and the head."""
        segment, limit = settings.windowed_segment, settings.window_limit
        return HeadRunner(_shim(model), settings.windows, windowed_segment=segment, window_limit=limit)

    def read(
        self, model: Model[Any, Any], labels: NameOutputs | None, docs: Iterable[Doc], *, segments: int
    ) -> tuple[Checkpoint, bool]:
        """Return a head for the encoder as it is now: see `read_head`."""
        return read_head(_encoder(model), _shim(model).settings.architecture, labels)

    def saved_state(self, model: Model[Any, Any]) -> dict[str, Any]:
        """Return the name of the component in the save: a pipeline that it was taken into may call it otherwise."""
        return {UPSTREAM: _shim(model).upstream.saved_name}

    def restore(self, model: Model[Any, Any], state: Mapping[str, Any], config: Mapping[str, Any]) -> None:
        """Take the name of the component from a save, if there is such a component, and no other name was given since.

        config: the component's, as it was saved.
        """
        upstream = _shim(model).upstream
        if UPSTREAM in state and upstream.name == _configured_name(config, default=upstream.name):
            upstream.take_name(str(state[UPSTREAM]))

    def pretrained_config(self, model: Model[Any, Any]) -> PretrainedConfig:
        """Return the configuration of the checkpoint that the encoder was read from; the encoder's if it is another."""
        encoder = _encoder(model)
        if encoder.source is None or encoder.has_changed:
            return encoder.module.config
        return read_encoder_config(encoder.source)


def _configured_name(config: Mapping[str, Any], *, default: str) -> str:
    try:
        return str(dot_to_object(Config(dict(config)), f"model.encoder.{UPSTREAM}"))
    except KeyError:
        return default


def _shim(model: Model[Any, Any]) -> HeadShim:
    return cast(HeadShim, shim_of(model))


def _encoder(model: Model[Any, Any]) -> Checkpoint:
    """Return the encoder's checkpoint, after the step that is due.

    Raises ValueError that says what is missing, if there is no encoder.
    """
    encoder = _shim(model).upstream.encoder
    encoder.settle()
    return encoder.network.checkpoint
