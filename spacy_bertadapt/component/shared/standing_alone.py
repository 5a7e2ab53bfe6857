"""Heads that get an encoder of their own, by spaCy's `nlp.replace_listeners`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

from thinc.api import Model
from transformers import PreTrainedModel

from ...learning.lora import has_adapter, remove_adapter
from ...network.checkpoint import Checkpoint
from ...network.head_side import with_encoder
from ..thinc_model import NetworkModel, shim_of
from ..thinc_shim import NetworkShim
from .listener import EncoderListener


def stand_alone(copied: NetworkModel, listener: EncoderListener, encoder: Any) -> Model:
    """Give a head its own encoder, as `replace_listener` of the encoder's Thinc model is called.

    copied: a copy of the encoder's model, whose weights become the head's. listener: of the head. encoder: the
    component that has had it. Returns the copy.
    """
    head = listener.upstream.component
    module, own = head.network.module, shim_of(copied)
    if has_adapter(own.network.module):
        remove_adapter(own.network.module, merge=True)
    whole = with_encoder(module, cast(PreTrainedModel, own.network.module.base_model))
    settings = replace(own.settings, architecture=head.shim.settings.architecture)
    shim = NetworkShim(settings, head.shim.adaptation)
    shim.attach(Checkpoint(whole, own.network.checkpoint.tokenizer))
    head.use_own_encoder(shim)
    return copied
