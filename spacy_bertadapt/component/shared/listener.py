"""The layer of a head's Thinc model that stands for an encoder elsewhere: by it spaCy links the two components."""

from __future__ import annotations

from typing import Any

from thinc.api import Model

from ..thinc_shim import no_backprop
from .upstream import Upstream


class EncoderListener(Model):
    """A layer in the place of an encoder. It computes nothing: a component learns and predicts past its Thinc model."""

    def __init__(self, upstream: Upstream):
        """upstream: the way to the component that has the encoder."""
        super().__init__("bertadapt-encoder-listener", _forward)
        self.upstream = upstream


def _forward(model: Model, inputs: Any, is_train: bool) -> tuple[Any, object]:
    return inputs, no_backprop
