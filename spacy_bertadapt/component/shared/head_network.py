"""The network of a head whose hidden states come from another component."""

from __future__ import annotations

from functools import partial

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
        make, arguments = super().__reduce__()
        state = {"upstream": self.upstream}  # set afterwards, as it leads back to this network
        return partial(make, upstream=None), arguments, state

    def encode(self, batch: DeviceBatch) -> Tensor:
        """Return the hidden states of a batch, (rows, width, hidden), by the component that has the encoder."""
        return self.upstream.states(batch.padded).to(self.device)
