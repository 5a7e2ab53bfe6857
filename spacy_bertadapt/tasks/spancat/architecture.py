"""The network that labels spans: an encoder, and a head that scores every candidate at once."""

from __future__ import annotations

from functools import partial

from ...component.thinc_model import AnyEncoder, NetworkModel, make_model
from ...errors import require_at_least
from ...network.architecture import OwnHead
from .head import SpanHead


def span_classifier(
    encoder: AnyEncoder, device: str = "auto", precision: str = "auto", hidden_size: int = 256
) -> NetworkModel:
    """Return the model of a network with one row of logits a span.

    encoder: where the pretrained weights come from, or the component that has the encoder. device: "auto", "cpu",
    "cuda:0", "mps". precision: "auto", "float32", "bfloat16", "float16". hidden_size: units of the head's hidden layer.
    """
    require_at_least("model.hidden_size", hidden_size, 1)
    architecture = OwnHead(partial(SpanHead, hidden_size=hidden_size))
    return make_model(architecture, encoder, device=device, precision=precision)
