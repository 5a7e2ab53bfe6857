"""The last layer of a task's module, which computes the logits: a scale of these can be made a part of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import nn

from .pretrained_config import output_labels
from .task_module import TaskModule

REPLACED = "original_module"  # peft keeps the layer that a learned copy has replaced, under this name


def output_layer(module: TaskModule) -> nn.Linear | None:
    """Return the linear layer whose outputs are the logits; None if it can't be told from others."""
    outputs = len(output_labels(module.config))
    of_encoder = set(module.base_model.modules())
    layers = [
        layer
        for name, layer in module.named_modules()
        if isinstance(layer, nn.Linear) and layer.out_features == outputs and layer not in of_encoder
        if REPLACED not in name.split(".")
    ]
    return layers[0] if len(layers) == 1 else None


@contextmanager
def scaled_outputs(layer: nn.Linear, scale: Sequence[float], bias: Sequence[float]) -> Iterator[None]:
    """Have a layer compute `outputs * scale + bias` in the block; then it is what it was, to the bit.

    scale, bias: one number, or one an output. A layer without a bias takes none.
    """
    kept = {name: tensor.detach().clone() for name, tensor in layer.named_parameters()}
    try:
        with torch.no_grad():
            factor = layer.weight.new_tensor(scale)
            layer.weight.mul_(factor[:, None])
            if layer.bias is not None:
                layer.bias.mul_(factor).add_(layer.bias.new_tensor(bias))
        yield
    finally:
        with torch.no_grad():
            for name, tensor in layer.named_parameters():
                tensor.copy_(kept[name])


def takes(layer: nn.Linear, bias: Sequence[float]) -> bool:
    """Return whether a layer can have a bias added to its outputs."""
    return layer.bias is not None or not any(bias)
