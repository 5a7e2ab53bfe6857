"""A task's network: a checkpoint on a device, in a number format, cut between encoder and head."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from typing import TypeAlias

import torch
from torch import Tensor, nn

from ..types import PaddedBatch
from .checkpoint import Checkpoint
from .encoder_head_seam import apply_head, encode
from .inputs import DeviceBatch, device_batch, takes_token_types
from .precision import autocast, resolve_device, resolve_precision
from .process_forks import guard_forks, refuse_forked_gpu
from .task_module import TaskModule

Encoder: TypeAlias = Callable[[DeviceBatch], Tensor]
"""Returns the hidden states of a batch, (rows, width, hidden)."""


class Network:
    """A checkpoint on a device, in a number format.

    encoder: computes the hidden states; at first, the checkpoint's own encoder. version: another object whenever the
    weights have changed: what was computed with an earlier one is out of date.
    """

    def __init__(self, checkpoint: Checkpoint, *, device: str | torch.device, precision: str):
        """Move a checkpoint's module to a device.

        device, precision: as in the configuration, such as "auto".
        Raises ValueError for a device that torch doesn't see, and a precision that it doesn't have there.
        """
        guard_forks()
        self.checkpoint = checkpoint
        self._wanted_precision = precision
        self.move(resolve_device(device) if isinstance(device, str) else device)

    def __reduce__(self) -> tuple:
        return partial(type(self), device=self.device, precision=self._wanted_precision), (self.checkpoint,)

    @property
    def module(self) -> TaskModule:
        """The torch module: encoder and head."""
        return self.checkpoint.module

    @property
    def precision(self) -> str:
        """The number format of the computation, such as "bfloat16"."""
        return str(self.dtype or torch.float32).removeprefix("torch.")

    @property
    def autocast(self) -> AbstractContextManager:
        """A context in which the network computes in its number format."""
        return autocast(self.device, self.dtype)

    def move(self, device: torch.device) -> None:
        """Move the network to a device, and choose the number format for that device."""
        self.device = device
        self.dtype = resolve_precision(self._wanted_precision, device)
        self._takes_types = takes_token_types(self.module)
        self.encoder: Encoder = partial(_encode, self.module)
        self.place()
        self.version = object()

    def note_change(self) -> None:
        """Note that the weights have changed: they are no longer those that were read."""
        self.version = object()
        self.checkpoint.has_changed = True

    def place(self) -> None:
        """Put the whole module on the device, ready to predict; needed after parts such as LoRA's were added."""
        nn.Module.to(self.module, self.device).eval()

    def batch(self, padded: PaddedBatch) -> DeviceBatch:
        """Copy a padded batch to the device."""
        return device_batch(padded, self.device, with_types=self._takes_types)

    def encode(self, batch: DeviceBatch) -> Tensor:
        """Return the hidden states of a batch, (rows, width, hidden)."""
        with self.autocast:
            return self.encoder(batch)

    def head(self, states: Tensor, batch: DeviceBatch) -> Tensor:
        """Return the logits of a batch from its hidden states, in float32.

        They are (rows, labels) for sequences, (rows, width, labels) for subwords, (rows, width, 2) for the start and
        the end of answers, and (spans, labels) for spans.
        """
        with self.autocast:
            output = apply_head(self.module, states, {**batch.inputs, **batch.head_inputs})
        if "start_logits" in output:
            return torch.stack([output["start_logits"], output["end_logits"]], dim=-1).float()
        return output["logits"].float()

    def __call__(self, padded: PaddedBatch) -> Tensor:
        """Return the logits of a padded batch: see `head`."""
        batch = self.batch(padded)
        return self.head(self.encode(batch), batch)

    def predict(self, padded: PaddedBatch) -> Tensor:
        """Return the logits of a padded batch, on the device, without keeping what a gradient would need."""
        refuse_forked_gpu(self.device)
        with torch.inference_mode():
            return self(padded)


def _encode(module: TaskModule, batch: DeviceBatch) -> Tensor:
    return encode(module, batch.inputs)
