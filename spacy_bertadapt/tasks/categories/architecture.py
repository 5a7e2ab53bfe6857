"""The network that classifies texts and pairs."""

from __future__ import annotations

from ...component.thinc_model import AnyEncoder, NetworkModel, make_model
from ...network.architecture import AutoClass


def sequence_classifier(encoder: AnyEncoder, device: str = "auto", precision: str = "auto") -> NetworkModel:
    """Return the model of a network with one row of logits a sequence.

    Arguments: see `make_model`.
    """
    return make_model(AutoClass("AutoModelForSequenceClassification"), encoder, device=device, precision=precision)
