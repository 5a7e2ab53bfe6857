"""New weights for layers of a module."""

from __future__ import annotations

from torch import nn

from .task_module import TaskModule


def initialize_parameters(module: TaskModule, names: set[str]) -> None:
    """Initialize parameters again: weights at random, norms as the identity."""
    scale = getattr(module.config, "initializer_range", 0.02)
    for path in sorted({name.rpartition(".")[0] for name in names}):
        layer = module.get_submodule(path)
        if isinstance(layer, nn.Linear):
            nn.init.normal_(layer.weight, std=scale)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
        elif callable(reset := getattr(layer, "reset_parameters", None)):
            reset()
