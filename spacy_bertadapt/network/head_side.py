"""A stand-in for an encoder that is elsewhere: it has all that a head takes from its encoder besides hidden states."""

from __future__ import annotations

import copy
from typing import Any, NoReturn

from torch import Tensor, nn
from transformers import PreTrainedModel

from .task_module import EncoderWithHead, TaskModule

POOLER = "pooler"
ACTIVATIONS = ("pooler_activation", "activation")  # ALBERT and BigBird keep the activation beside the pooler


class HeadSide(nn.Module):
    """The configuration of an encoder and its pooler, which is of the head's side of the seam."""

    def __init__(self, encoder: PreTrainedModel, *, has_pooler: bool):
        """Take over the encoder's parts, which keep their weights. has_pooler: whether the head looks at the pooler."""
        super().__init__()
        self.config = encoder.config
        self.pooler = getattr(encoder, POOLER, None) if has_pooler else None
        if self.pooler is not None:
            for name in ACTIVATIONS:
                setattr(self, name, getattr(encoder, name, None))

    def forward(self, input_ids: Tensor, attention_mask: Tensor | None = None) -> NoReturn:
        """Raise RuntimeError: hidden states come from elsewhere."""
        raise RuntimeError("a head without an encoder can't compute hidden states")


def without_encoder(module: TaskModule) -> TaskModule:
    """Take the encoder out of a task's module, but for its pooler, and return the module."""
    side = HeadSide(module.base_model, has_pooler=not isinstance(module, EncoderWithHead))  # type: ignore[arg-type]
    setattr(module, module.base_model_prefix, side)
    return module


def with_encoder(head: TaskModule, encoder: PreTrainedModel) -> TaskModule:
    """Return a copy of a head with an encoder, which becomes a part of it, with the head's pooler."""
    whole = copy.deepcopy(head)
    side: Any = whole.base_model
    if hasattr(encoder, POOLER) and not isinstance(head, EncoderWithHead):
        encoder.pooler = side.pooler
    encoder.config = side.config
    setattr(whole, whole.base_model_prefix, encoder)
    return whole
