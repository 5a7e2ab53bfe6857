"""The Thinc model around a network, as spaCy's pipelines hold it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TypeAlias, cast

from thinc.api import Model

from ..learning.adaptation import Adaptation, FullFineTuning
from ..network.architecture import Architecture
from ..network.settings import NetworkSettings
from ..types import Floats, PaddedBatch
from .component_encoder import ComponentEncoder
from .thinc_shim import NetworkShim, no_backprop

NetworkModel = Model[Iterable[PaddedBatch], list[Floats]]

AnyEncoder: TypeAlias = ComponentEncoder | Model
"""The encoder of a component. A model is that of a `bert_encoder`: `nlp.replace_listeners` writes it."""


def make_model(
    architecture: Architecture, encoder: AnyEncoder, *, device: str = "auto", precision: str = "auto"
) -> NetworkModel:
    """Return the Thinc model of an architecture, as the registered functions of all tasks do.

    encoder: where the hidden states come from. device: "auto", "cpu", "cuda:0", "mps". precision: "auto", "float32",
    "bfloat16", "float16". Both are the encoder's where that is a model.
    """
    if isinstance(encoder, Model):
        return network_model(replace(shim_of(encoder).settings, architecture=architecture))
    return network_model(
        NetworkSettings(architecture=architecture, encoder=encoder, device=device, precision=precision)
    )


def network_model(settings: NetworkSettings, adaptation: Adaptation | None = None) -> NetworkModel:
    """Return a Thinc model whose only shim is a `NetworkShim`. adaptation: None for full fine-tuning.

    Its layers are those by which spaCy finds what the encoder is connected to.
    """
    encoder = cast(ComponentEncoder, settings.encoder)
    shim = encoder.make_shim(settings, adaptation or FullFineTuning())
    return Model("bertadapt", forward, layers=encoder.layers(shim), shims=[shim])


def shim_of(model: NetworkModel) -> NetworkShim:
    """Return the shim of a model that `network_model` made."""
    (shim,) = model.shims
    return cast(NetworkShim, shim)


def encoder_of(model: NetworkModel) -> ComponentEncoder:
    """Return the encoder of a model that `network_model` made."""
    return cast(ComponentEncoder, shim_of(model).settings.encoder)


def forward(model: NetworkModel, batches: Iterable[PaddedBatch], is_train: bool) -> tuple[list[Floats], object]:
    """Return the logits of batches, for Thinc's `model.predict`."""
    return shim_of(model).predict(batches), no_backprop
