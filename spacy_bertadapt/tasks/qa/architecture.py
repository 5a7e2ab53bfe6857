"""The network that finds answers."""

from __future__ import annotations

from ...component.thinc_model import AnyEncoder, NetworkModel, make_model
from ...network.architecture import AutoClass


def answer_finder(encoder: AnyEncoder, device: str = "auto", precision: str = "auto") -> NetworkModel:
    """Return the model of a network with two logits a subword: for the start and the end of an answer.

    Arguments: see `make_model`.
    """
    return make_model(AutoClass("AutoModelForQuestionAnswering"), encoder, device=device, precision=precision)
