"""The network of a component, as it is saved."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..network.checkpoint import Checkpoint
from .thinc_shim import NetworkShim


@dataclass(frozen=True, slots=True)
class SavedNetwork:
    """Writes and reads the network of a shim. attach: a function that takes over the checkpoint that was read."""

    shim: NetworkShim
    attach: Callable[[Checkpoint], None]

    def to_disk(self, path: Path) -> None:
        """Write the network into a folder."""
        self.shim.to_disk(path)

    def from_disk(self, path: Path) -> None:
        """Read a folder that `to_disk` wrote."""
        self.attach(self.shim.read_folder(path))

    def to_bytes(self) -> bytes:
        """Pack what `to_disk` writes."""
        return self.shim.to_bytes()

    def from_bytes(self, data: bytes) -> None:
        """Read what `to_bytes` packed."""
        self.attach(self.shim.read_bytes(data))
