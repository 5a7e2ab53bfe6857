"""The network that classifies texts and pairs."""

from __future__ import annotations

from ...component.model import NetworkModel, network_model
from ...network.architecture import AutoClass
from ...network.settings import NetworkSettings
from ...network.source import EncoderSource


def sequence_classifier(encoder: EncoderSource, device: str = "auto", precision: str = "auto") -> NetworkModel:
    """Return the model of a network with one row of logits a sequence.

    encoder: where the pretrained weights come from. device: "auto", "cpu", "cuda:0", "mps".
    precision: "auto", "float32", "bfloat16", "float16".
    """
    architecture = AutoClass("AutoModelForSequenceClassification")
    return network_model(
        NetworkSettings(architecture=architecture, encoder=encoder, device=device, precision=precision)
    )
