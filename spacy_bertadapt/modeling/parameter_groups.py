"""Which parameters learn how fast, and which of them decay."""

from __future__ import annotations

import re
from typing import TypedDict

from torch import nn
from transformers import PreTrainedModel

from .checkpoint import head_parameters

LAYER = re.compile(r"\.(?:layer|layers|block|h)\.(\d+)\.")


class ParameterGroup(TypedDict):
    """What torch's optimizers take, with the factor on the learning rate and whether weights decay."""

    params: list[nn.Parameter]
    rate_factor: float
    decays: bool


def parameter_groups(
    module: PreTrainedModel, *, layer_decay: float = 1.0, head_factor: float = 1.0
) -> list[ParameterGroup]:
    """Group a network's trainable parameters.

    No decay on biases and norms (they have one dimension). layer_decay: each layer learns at this share of
    the rate of the layer above it; the embeddings come last. head_factor: the head's share of the rate.
    """
    depth = 1 + max((layer_number(name) or 0 for name, _ in module.named_parameters()), default=0)
    head = head_parameters(module)
    groups: dict[tuple[float, bool], ParameterGroup] = {}
    for name, parameter in module.named_parameters():
        if not parameter.requires_grad:
            continue
        factor = head_factor if name in head else layer_decay ** _height_below_top(module, name, depth)
        decays = parameter.dim() > 1
        group = groups.setdefault((factor, decays), {"params": [], "rate_factor": factor, "decays": decays})
        group["params"].append(parameter)
    return list(groups.values())


def layer_number(name: str) -> int | None:
    """The encoder layer that a parameter belongs to, counted from 0 at the bottom, or None."""
    found = LAYER.search(f".{name}")
    return int(found.group(1)) if found else None


def _height_below_top(module: PreTrainedModel, name: str, depth: int) -> int:
    layer = layer_number(name)
    if layer is not None:
        return depth - 1 - layer
    return depth if "embeddings" in name else 0
