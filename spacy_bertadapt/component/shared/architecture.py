"""The network of an encoder that heads share."""

from __future__ import annotations

from thinc.api import Model

from ...learning.adaptation import Adaptation, FullFineTuning
from ...network.encoder_module import EncoderOnly
from ...network.settings import NetworkSettings
from ..own_encoder import OwnEncoder
from ..thinc_model import NetworkModel, forward
from .encoder_shim import EncoderShim
from .standing_alone import stand_alone


def shared_encoder(encoder: OwnEncoder, device: str = "auto", precision: str = "auto") -> NetworkModel:
    """Return the model of an encoder without a head, for a `bert_encoder`.

    encoder: where the pretrained weights come from. device: "auto", "cpu", "cuda:0", "mps".
    precision: "auto", "float32", "bfloat16", "float16".
    """
    settings = NetworkSettings(architecture=EncoderOnly(), encoder=encoder, device=device, precision=precision)
    return encoder_model(settings)


def encoder_model(settings: NetworkSettings, adaptation: Adaptation | None = None) -> NetworkModel:
    """Return a Thinc model whose only shim is an `EncoderShim`. adaptation: None for full fine-tuning."""
    shim = EncoderShim(settings, adaptation or FullFineTuning())
    return Model("bertadapt", forward, shims=[shim], attrs={"replace_listener": stand_alone})
