"""Masked language modelling: the loss of guessing hidden subwords."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..learning.adaptation import FullFineTuning
from ..learning.learner import Learner, Loss
from ..network.architecture import AutoClass
from ..network.inputs import to_device
from ..network.network import Network
from ..types import MaskedBatch

ARCHITECTURE = AutoClass("AutoModelForMaskedLM")


class MaskedLanguageModel:
    """A network with a head for hidden subwords, and its learner.

    The head sees hidden positions alone: over a vocabulary of 30,000 it would cost more than some encoder layers.
    """

    def __init__(self, network: Network):
        """network: a network that was read with `ARCHITECTURE`."""
        self.network = network
        self.learner = Learner(network, FullFineTuning())

    def learn(self, masked: MaskedBatch) -> Loss:
        """Add up the gradients of a batch. Returns its loss, summed over hidden subwords, on the device."""
        return self.learner.learn(lambda: self._loss(masked))

    def loss(self, masked: MaskedBatch) -> Loss:
        """Return the loss of a batch, in nats, summed over hidden subwords, without learning from it."""
        with torch.inference_mode():
            return self._loss(masked)

    def _loss(self, masked: MaskedBatch) -> Loss:
        device = self.network.device
        logits = self._logits_at(masked)
        total = nn.functional.cross_entropy(logits, to_device(masked.labels, device), reduction="sum")
        return Loss(total, len(masked))

    def _logits_at(self, masked: MaskedBatch) -> Tensor:
        """Return the logits of the hidden positions, (hidden, vocabulary), without computing the others.

        Every head for hidden subwords works position by position, so it gets those positions as if they were one row;
        no architecture needs to be known by name.
        """
        batch = self.network.batch(masked.batch)
        states = self.network.encode(batch)
        hidden = states.flatten(0, 1)[to_device(masked.positions, self.network.device)]
        return self.network.head(hidden[None], batch)[0]
