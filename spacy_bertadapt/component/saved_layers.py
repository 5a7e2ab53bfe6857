"""The Thinc layer of a component that has one with weights, as it is saved: what `nlp.replace_listeners` puts there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from thinc.api import Model

from ..network.transformers_calls import errors_of_file
from .saving import SavedPart

LAYER = "layer"


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
            self.model.layers[0].from_disk(path)

    def to_bytes(self) -> bytes:
        """Pack what `to_disk` writes."""
        return self.model.layers[0].to_bytes()

    def from_bytes(self, data: bytes) -> None:
        """Read what `to_bytes` packed."""
        self.model.layers[0].from_bytes(data)


def saved_layers(model: Model[Any, Any]) -> Mapping[str, SavedPart]:
    """Return the layer of a component's model, by the name of its file, if it has weights: a listener has none."""
    nodes = [node for layer in model.layers for node in layer.walk()]
    return {LAYER: SavedLayer(model)} if any(node.param_names or node.shims for node in nodes) else {}
