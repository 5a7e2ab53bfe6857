"""A padded batch on the device of a network."""

from __future__ import annotations

import inspect
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..types import Floats, PaddedBatch
from .task_module import EncoderWithHead, TaskModule


@dataclass(frozen=True, slots=True)
class DeviceBatch:
    """A padded batch, as arrays and as a network is called with it.

    padded: the arrays. inputs: keyword arguments of the module, on the device. head_inputs: further ones that a head of
    this package takes, such as the spans to score.
    """

    padded: PaddedBatch
    inputs: dict[str, Tensor]
    head_inputs: dict[str, Tensor]


def device_batch(padded: PaddedBatch, device: torch.device, *, with_types: bool) -> DeviceBatch:
    """Copy a padded batch to a device. with_types: whether the network knows token types."""
    inputs = {"input_ids": to_device(padded.input_ids, device)}
    if padded.mask is not None:
        inputs["attention_mask"] = to_device(padded.mask.astype(np.int64), device)
    if padded.token_type_ids is not None and with_types:
        inputs["token_type_ids"] = to_device(padded.token_type_ids, device)
    head_inputs = {} if padded.spans is None else {"spans": to_device(padded.spans, device)}
    return DeviceBatch(padded, inputs, head_inputs)


def takes_token_types(module: TaskModule) -> bool:
    """Return whether a module knows more than one token type."""
    encoder = module.base_model if isinstance(module, EncoderWithHead) else module
    types = getattr(module.config, "type_vocab_size", 0)
    return types > 1 and "token_type_ids" in inspect.signature(encoder.forward).parameters


def to_device(array: np.ndarray | Tensor, device: torch.device) -> Tensor:
    """Return an array, or a tensor of the CPU, as a tensor on a device; nothing waits for the copy to CUDA.

    Everything that a step copies goes through here: any other copy to CUDA waits for the kernels before it.
    """
    tensor = array if isinstance(array, Tensor) else torch.from_numpy(array)
    if device.type == "cuda":
        return tensor.pin_memory().to(device, non_blocking=True)
    return tensor.to(device)


def to_numpy(logits: Tensor) -> Floats:
    """Return logits as a float32 array; waits for a GPU."""
    return logits.numpy(force=True).astype(np.float32, copy=False)
