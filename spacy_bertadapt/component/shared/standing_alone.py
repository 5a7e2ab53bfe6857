"""Heads that get an encoder of their own, by spaCy's `nlp.replace_listeners`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from thinc.api import Model

from ..thinc_model import NetworkModel, shim_of
from ..thinc_shim import NetworkShim
from .listener import EncoderListener
from .whole_checkpoint import join


def stand_alone(copied: NetworkModel, listener: EncoderListener, encoder: Any) -> Model:
    """Give a head its own encoder, as `replace_listener` of the encoder's Thinc model is called.

    copied: a copy of the encoder's model, whose weights become the head's. listener: of the head. encoder: the
    component that has had it. Returns the copy. Before `initialize` of one of the two, the head has no network after
    it either: its own `initialize` reads the encoder's checkpoint.
    """
    head = listener.upstream.component
    own = shim_of(copied)
    settings = replace(own.settings, architecture=head.shim.settings.architecture)
    shim = NetworkShim(settings, head.shim.adaptation)
    if head.shim.is_initialized and own.is_initialized:
        shim.attach(join(head.network.module, own.network.checkpoint))
    head.use_own_encoder(shim)
    return copied
