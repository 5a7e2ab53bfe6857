"""What a Transformers model is called with."""

from __future__ import annotations

import inspect

import numpy as np
import torch
from torch import Tensor
from transformers import PreTrainedModel

from ..types import PaddedBatch


def module_inputs(batch: PaddedBatch, device: torch.device, *, with_types: bool) -> dict[str, Tensor]:
    """A padded batch as keyword arguments, on the device. with_types: whether the network knows token types."""
    inputs = {"input_ids": to_device(batch.input_ids, device)}
    if batch.mask is not None:
        inputs["attention_mask"] = to_device(batch.mask.astype(np.int64), device)
    if batch.token_type_ids is not None and with_types:
        inputs["token_type_ids"] = to_device(batch.token_type_ids, device)
    return inputs


def takes_token_types(module: PreTrainedModel) -> bool:
    """Whether a network knows more than one token type."""
    types = getattr(module.config, "type_vocab_size", 0)
    return "token_type_ids" in inspect.signature(module.forward).parameters and types > 1


def to_device(array: np.ndarray, device: torch.device) -> Tensor:
    """An array as a tensor on a device; nothing waits for the copy to a GPU."""
    tensor = torch.from_numpy(array)
    if device.type == "cuda":
        return tensor.pin_memory().to(device, non_blocking=True)
    return tensor.to(device)
