"""The Thinc layer of a component that has one with weights, as it is saved: what `nlp.replace_listeners` puts there."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from thinc.api import Model
from torch.torch_version import TorchVersion

from ...errors import Errors, InvalidError
from ...network.transformers_calls import errors_of_file
from ..saving import SavedPart
from .upstream_names import upstream_name

LAYER = "layer"
PICKLES_ARE_SAFE = "2.6"  # torch from there on refuses code where Thinc has it read weights


@dataclass(frozen=True, slots=True)
class SavedLayer:
    """Writes and reads the first layer of a Thinc model, in one file, as spaCy's own components save theirs."""

    model: Model[Any, Any]

    def to_disk(self, path: Path) -> None:
        """Write the layer into a file."""
        self.model.layers[0].to_disk(path)

    def from_disk(self, path: Path) -> None:
        """Read a file that `to_disk` wrote. Raises ValueError that names it if it can't be read."""
        with errors_of_file(path):
            self._read(lambda layer: layer.from_disk(path))

    def to_bytes(self) -> bytes:
        """Pack what `to_disk` writes."""
        return self.model.layers[0].to_bytes()

    def from_bytes(self, data: bytes) -> None:
        """Read what `to_bytes` packed."""
        self._read(lambda layer: layer.from_bytes(data))

    def _read(self, read: Callable[[Model[Any, Any]], object]) -> None:
        """Put a layer that was read in the place of the first one, which stays as it is if there is an error.

        Listeners are those of before, as the components that they listen to know them.
        """
        layer = self.model.layers[0]
        if any(node.shims for node in layer.walk()) and TorchVersion(torch.__version__) < PICKLES_ARE_SAFE:
            raise InvalidError(Errors.E357.format(version=torch.__version__))
        listeners = {id(node): node for node in layer.walk() if upstream_name(node)}
        twin = copy.deepcopy(layer, listeners)
        read(twin)
        self.model.layers[0] = twin


def saved_layers(model: Model[Any, Any]) -> Mapping[str, SavedPart]:
    """Return the layer of a component's model, by the name of its file, if it has weights: a listener has none."""
    nodes = [node for layer in model.layers for node in layer.walk()]
    return {LAYER: SavedLayer(model)} if any(node.param_names or node.shims for node in nodes) else {}
