"""The Thinc model around a network, as spaCy's pipelines hold it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from thinc.api import Model

from ..learning.adaptation import Adaptation, FullFineTuning
from ..network.architecture import Architecture
from ..network.encoder_source import EncoderSource
from ..network.settings import NetworkSettings
from ..types import Floats, PaddedBatch
from .connected_encoder import ConnectedEncoder
from .thinc_shim import NetworkShim, no_backprop

NetworkModel = Model[Iterable[PaddedBatch], list[Floats]]


def make_model(
    architecture: Architecture, encoder: EncoderSource, *, device: str = "auto", precision: str = "auto"
) -> NetworkModel:
    """Return the Thinc model of an architecture, as the registered functions of all tasks do.

    encoder: where the pretrained weights come from. device: "auto", "cpu", "cuda:0", "mps".
    precision: "auto", "float32", "bfloat16", "float16".
    """
    return network_model(
        NetworkSettings(architecture=architecture, encoder=encoder, device=device, precision=precision)
    )


def network_model(settings: NetworkSettings, adaptation: Adaptation | None = None) -> NetworkModel:
    """Return a Thinc model whose only shim is a `NetworkShim`. adaptation: None for full fine-tuning.

    If the encoder is a `ConnectedEncoder`, the model has its layers too, where spaCy looks for them.
    """
    encoder, adaptation = settings.encoder, adaptation or FullFineTuning()
    if isinstance(encoder, ConnectedEncoder):
        return Model("bertadapt", _forward, layers=[encoder.layer], shims=[encoder.make_shim(settings, adaptation)])
    return Model("bertadapt", _forward, shims=[NetworkShim(settings, adaptation)])


def shim_of(model: NetworkModel) -> NetworkShim:
    """Return the shim of a model that `network_model` made."""
    (shim,) = model.shims
    return cast(NetworkShim, shim)


def _forward(model: NetworkModel, batches: Iterable[PaddedBatch], is_train: bool) -> tuple[list[Floats], object]:
    return shim_of(model).predict(batches), no_backprop
