"""The parameters that learn, grouped by how fast they do and how much they decay."""

from __future__ import annotations

from typing import TypedDict

from torch import nn

from ..network.module_parts import Anatomy
from ..network.task_module import TaskModule
from .adaptation import Adaptation


class ParameterGroup(TypedDict):
    """What torch's optimizers take, with factors on the optimizer's learning rate and weight decay."""

    params: list[nn.Parameter]
    rate_factor: float
    decay_factor: float


def parameter_groups(module: TaskModule, adaptation: Adaptation) -> list[ParameterGroup]:
    """Return a network's trainable parameters in groups: one for all that have the same factors."""
    anatomy = Anatomy(module)
    groups: dict[tuple[float, float], ParameterGroup] = {}
    for name, parameter in module.named_parameters():
        if not parameter.requires_grad:
            continue
        rate, decay = adaptation.rate_factor(name, anatomy), adaptation.decay_factor(name, parameter)
        group = groups.setdefault((rate, decay), {"params": [], "rate_factor": rate, "decay_factor": decay})
        group["params"].append(parameter)
    return list(groups.values())
