"""The network of a head whose hidden states come from another component."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ...network.checkpoint import Checkpoint
from ...network.inputs import DeviceBatch
from ...network.network import Network
from .upstream import Upstream


class HeadNetwork(Network):
    """A head on a device, in a number format. The way to its encoder is `upstream`."""

    def __init__(self, checkpoint: Checkpoint, upstream: Upstream, *, device: str | torch.device, precision: str):
        """checkpoint: of a head. Other arguments: see `Network`."""
        super().__init__(checkpoint, device=device, precision=precision)
        self.upstream = upstream

    def __reduce__(self) -> tuple:
        state = {"upstream": self.upstream}  # set afterwards, as it leads back to this network
        return _make_network, (self.checkpoint, self.device, self._wanted_precision), state

    def encode(self, batch: DeviceBatch) -> Tensor:
        """Return the hidden states of a batch, (rows, width, hidden), by the component that has the encoder."""
        return self.upstream.states(batch.padded).to(self.device)


def _make_network(checkpoint: Checkpoint, device: torch.device, precision: str) -> HeadNetwork:
    upstream: Any = None
    return HeadNetwork(checkpoint, upstream, device=device, precision=precision)
