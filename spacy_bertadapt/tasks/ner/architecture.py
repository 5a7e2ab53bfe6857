"""The network that tags tokens."""

from __future__ import annotations

from ...component.thinc_model import AnyEncoder, NetworkModel, make_model
from ...network.architecture import AutoClass


def token_classifier(encoder: AnyEncoder, device: str = "auto", precision: str = "auto") -> NetworkModel:
    """Return the model of a network with one row of logits a subword.

    Arguments: see `make_model`.
    """
    return make_model(AutoClass("AutoModelForTokenClassification"), encoder, device=device, precision=precision)
