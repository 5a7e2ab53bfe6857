"""The Thinc models that configs name: one architecture a task."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from thinc.api import Model

from ..network.source import EncoderSource
from ..types import PaddedBatch
from .shim import TransformerShim

TransformerModel = Model[Iterable[PaddedBatch], Any]


def encoder_source(name: str, revision: str | None = None, dropout: float | None = None) -> EncoderSource:
    """The pretrained encoder of a component: see `EncoderSource`."""
    return EncoderSource(name, revision, dropout)


def sequence_classifier(encoder: EncoderSource, device: str = "auto", precision: str = "auto") -> TransformerModel:
    """A network that gives one row of logits a sequence: Transformers' `AutoModelForSequenceClassification`.

    encoder: where the pretrained weights come from. device: "auto", "cpu", "cuda:0", "mps".
    precision: "auto", "float32", "bfloat16", "float16".
    """
    return transformer_model("AutoModelForSequenceClassification", encoder, device, precision)


def token_classifier(encoder: EncoderSource, device: str = "auto", precision: str = "auto") -> TransformerModel:
    """A network that gives one row of logits a subword: Transformers' `AutoModelForTokenClassification`.

    Arguments as of `sequence_classifier`.
    """
    return transformer_model("AutoModelForTokenClassification", encoder, device, precision)


def answer_finder(encoder: EncoderSource, device: str = "auto", precision: str = "auto") -> TransformerModel:
    """A network that tells for each subword whether an answer starts or ends: `AutoModelForQuestionAnswering`.

    Arguments as of `sequence_classifier`.
    """
    return transformer_model("AutoModelForQuestionAnswering", encoder, device, precision)


def transformer_model(auto_class: str, encoder: EncoderSource, device: str, precision: str) -> TransformerModel:
    """A Thinc model around one of Transformers' task classes; its only shim is a `TransformerShim`."""
    shim = TransformerShim(source=encoder, auto_class=auto_class, device=device, precision=precision)
    return Model("bertadapt", _forward, shims=[shim])


def shim_of(model: TransformerModel) -> TransformerShim:
    """The shim of a model made here."""
    (shim,) = model.shims
    return cast(TransformerShim, shim)


def _forward(model: TransformerModel, batches: Iterable[PaddedBatch], is_train: bool) -> tuple[Any, Any]:
    return shim_of(model)(batches, is_train)
