"""Activations that are computed twice in training, instead of being kept: less memory, more time."""

from __future__ import annotations

from typing import Any, cast

from torch import nn

HOW = {"use_reentrant": False}


def checkpoint_activations(encoder: nn.Module) -> None:
    """Let an encoder compute its activations twice. Raises ValueError if its class can't."""
    enable: Any = getattr(encoder, "activation_checkpointing_enable", None)  # Transformers 5.2x has renamed it
    (enable or cast(Any, encoder).gradient_checkpointing_enable)(HOW)


def checkpoints_activations(module: nn.Module) -> bool:
    """Return whether any layer of a module computes its activations twice in training."""
    return any(getattr(part, "gradient_checkpointing", False) for part in module.modules())
