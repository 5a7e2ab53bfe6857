"""The Thinc model around a network, as spaCy's pipelines hold it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from thinc.api import Model

from ..learning.adaptation import Adaptation, FullFineTuning
from ..network.settings import NetworkSettings
from ..types import Floats, PaddedBatch
from .shim import NetworkShim, no_backprop

NetworkModel = Model[Iterable[PaddedBatch], list[Floats]]


def network_model(settings: NetworkSettings, adaptation: Adaptation | None = None) -> NetworkModel:
    """Return a Thinc model whose only shim is a `NetworkShim`. adaptation: None for full fine-tuning."""
    shim = NetworkShim(settings, adaptation or FullFineTuning())
    return Model("bertadapt", _forward, shims=[shim])


def shim_of(model: NetworkModel) -> NetworkShim:
    """Return the shim of a model made here."""
    (shim,) = model.shims
    return cast(NetworkShim, shim)


def _forward(model: NetworkModel, batches: Iterable[PaddedBatch], is_train: bool) -> tuple[list[Floats], object]:
    return shim_of(model).predict(batches), no_backprop
