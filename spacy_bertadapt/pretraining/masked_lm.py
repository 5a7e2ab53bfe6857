"""Masked language modelling: the loss of guessing hidden subwords."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from ..learning.adaptation import FullFineTuning
from ..learning.loss_scale import LossScale
from ..learning.step import Stepper
from ..network.checkpoint import Checkpoint
from ..network.inputs import module_inputs, takes_token_types, to_device
from ..network.precision import PRECISIONS, autocast
from ..types import MaskedBatch, SupportsStep

AUTO_CLASS = "AutoModelForMaskedLM"


class MaskedLanguageModel:
    """A network with a head for hidden subwords, and its optimizer step.

    The head sees hidden positions alone: over a vocabulary of 30,000 it would cost more than some encoder layers.
    """

    def __init__(
        self, checkpoint: Checkpoint, optimizer: SupportsStep, *, device: torch.device, dtype: torch.dtype | None
    ):
        """Move the network to the device.

        checkpoint: of AutoModelForMaskedLM. dtype: for autocast, or None for float32.
        """
        self.checkpoint = checkpoint
        self.optimizer = optimizer
        self.device = device
        self.dtype = dtype
        nn.Module.to(checkpoint.module, device).eval()
        self.stepper = Stepper(checkpoint.module, FullFineTuning())
        self._takes_types = takes_token_types(checkpoint.module)
        self._loss_scale = LossScale(device) if dtype == torch.float16 else None

    @property
    def module(self) -> PreTrainedModel:
        """The torch module, with its head."""
        return self.checkpoint.module

    @property
    def precision(self) -> str:
        """The number format of the computation, by its name in the settings."""
        return next(name for name, dtype in PRECISIONS.items() if dtype == self.dtype)

    def learn(self, slices: Iterable[MaskedBatch]) -> Tensor:
        """One optimizer step on a batch in slices. Returns its loss summed over hidden subwords, on the device.

        What goes wrong on the way leaves weights and gradients as they were. Raises ValueError after three steps in a
        row that were not finite.
        """
        slices = list(slices)
        hidden = sum(map(len, slices))
        scale = self._loss_scale.scale if self._loss_scale else 1.0
        total = torch.zeros((), device=self.device)
        self.module.train()
        try:
            for masked in slices:
                loss = self._loss(masked)
                (loss * scale / hidden).backward()
                total += loss.detach()
        except BaseException:
            self.module.zero_grad(set_to_none=True)
            raise
        finally:
            self.module.eval()
        not_finite = self.stepper.step(self.optimizer, divisor=scale)
        self.stepper.watch(self._loss_scale.update(not_finite) if self._loss_scale else not_finite)
        return total

    def loss(self, slices: Iterable[MaskedBatch]) -> float:
        """The mean loss of hidden subwords, in nats, without learning from them."""
        with torch.inference_mode():
            found = [(self._loss(masked), len(masked)) for masked in slices]
        return float(torch.stack([loss for loss, _ in found]).cpu().double().sum()) / sum(hidden for _, hidden in found)

    def _loss(self, masked: MaskedBatch) -> Tensor:
        inputs = module_inputs(masked.batch, self.device, with_types=self._takes_types)
        with autocast(self.device, self.dtype):
            logits = logits_at(self.module, inputs, to_device(masked.positions, self.device))
        return nn.functional.cross_entropy(logits.float(), to_device(masked.labels, self.device), reduction="sum")


def logits_at(module: PreTrainedModel, inputs: Mapping[str, Tensor], positions: Tensor) -> Tensor:
    """What a head says of some positions, (positions, vocabulary), without computing the others.

    positions: (positions,) numbers in the rows laid end to end. Every head works position by position, so a hook hands
    it the hidden states of these alone, as if they were one row; no architecture needs to be known by name.
    """

    def keep_positions(base: nn.Module, arguments: Any, output: Any) -> Any:
        states = output[0].flatten(0, 1)[positions][None]
        if isinstance(output, tuple):
            return (states, *output[1:])
        output["last_hidden_state"] = states
        return output

    with module.base_model.register_forward_hook(keep_positions):
        return module(**inputs).logits[0]
