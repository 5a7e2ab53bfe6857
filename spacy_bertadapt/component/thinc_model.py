"""The Thinc model around a network, as spaCy's pipelines hold it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias, cast

from thinc.api import Model

from ..learning.adaptation import Adaptation, FullFineTuning
from ..network.architecture import Architecture
from ..network.encoder_source import EncoderSource, SharedEncoder
from ..network.settings import NetworkSettings
from ..types import Floats, PaddedBatch
from .connected_encoder import ConnectedEncoder
from .shared.listener import EncoderListener
from .shared.shim import HeadShim
from .shared.upstream import Upstream
from .thinc_shim import NetworkShim, no_backprop

NetworkModel = Model[Iterable[PaddedBatch], list[Floats]]

AnyEncoder: TypeAlias = EncoderSource | SharedEncoder | Model
"""Where a component's encoder comes from. A model is that of a `bert_encoder`: `nlp.replace_listeners` writes it."""


def make_model(
    architecture: Architecture, encoder: AnyEncoder, *, device: str = "auto", precision: str = "auto"
) -> NetworkModel:
    """Return the Thinc model of an architecture, as the registered functions of all tasks do.

    encoder: where the pretrained weights come from, or the component that has the encoder. device: "auto", "cpu",
    "cuda:0", "mps". precision: "auto", "float32", "bfloat16", "float16". Both are the encoder's where that is a model.
    """
    if isinstance(encoder, Model):
        own = shim_of(encoder).settings
        encoder, device, precision = own.encoder, own.device, own.precision
    return network_model(
        NetworkSettings(architecture=architecture, encoder=encoder, device=device, precision=precision)
    )


def network_model(settings: NetworkSettings, adaptation: Adaptation | None = None) -> NetworkModel:
    """Return a Thinc model whose only shim is a `NetworkShim`. adaptation: None for full fine-tuning.

    The model of a head has a layer in which spaCy finds what the encoder is connected to, if that is a
    `ConnectedEncoder`, or the component that has it, if that is a `SharedEncoder`.
    """
    encoder, adaptation = settings.encoder, adaptation or FullFineTuning()
    if isinstance(encoder, ConnectedEncoder):
        return Model("bertadapt", forward, layers=[encoder.layer], shims=[encoder.make_shim(settings, adaptation)])
    if isinstance(encoder, SharedEncoder):
        upstream = Upstream(encoder.upstream)
        shim = HeadShim(settings, adaptation, upstream)
        return Model("bertadapt", forward, layers=[EncoderListener(upstream)], shims=[shim])
    return Model("bertadapt", forward, shims=[NetworkShim(settings, adaptation)])


def shim_of(model: NetworkModel) -> NetworkShim:
    """Return the shim of a model that `network_model` made."""
    (shim,) = model.shims
    return cast(NetworkShim, shim)


def forward(model: NetworkModel, batches: Iterable[PaddedBatch], is_train: bool) -> tuple[list[Floats], object]:
    """Return the logits of batches, for Thinc's `model.predict`."""
    return shim_of(model).predict(batches), no_backprop
