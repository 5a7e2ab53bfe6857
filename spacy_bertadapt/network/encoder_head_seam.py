"""The seam of a task's module: its encoder on one side, its head and the encoder's pooler on the other.

The whole forward pass of a Transformers task class is `encode` followed by `apply_head`, to the last bit. Neither
changes the module: both run on shallow copies that share its parameters, so threads can't disturb each other.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn, cast

from torch import Tensor, nn
from transformers.modeling_outputs import BaseModelOutputWithPoolingAndCrossAttentions

from .head_side import POOLER
from .task_module import EncoderWithHead, TaskModule


def encode(module: TaskModule, inputs: Mapping[str, Tensor]) -> Tensor:
    """Return the hidden states of a module's encoder, (rows, width, hidden).

    inputs: keyword arguments of the module, such as input_ids, (rows, width). The module itself calls its encoder, as
    some classes give it more than they are given: Longformer's mark the subwords that see the whole text.
    """
    encoder = module.base_model
    if getattr(encoder, POOLER, None) is not None:
        encoder = _with_part(encoder, POOLER, None)

    def stop_after_encoder(*args: Any, **settings: Any) -> NoReturn:
        raise _Encoded(encoder(*args, **settings)[0])

    try:
        _with_part(module, module.base_model_prefix, stop_after_encoder)(**inputs)
    except _Encoded as encoded:
        return encoded.states
    raise AssertionError(f"{type(module).__name__} did not call its encoder")


def apply_head(module: TaskModule, states: Tensor, inputs: Mapping[str, Any]) -> Mapping[str, Tensor]:
    """Return the outputs of a module, computed from given hidden states of its encoder.

    states: (rows, width, hidden). inputs: keyword arguments of the module, some of which its head may look at.
    """
    looks_at_pooler = not isinstance(module, EncoderWithHead)

    def given_states(*_: Any, **__: Any) -> EncoderOutput:
        pooled = _pooled(module.base_model, states) if looks_at_pooler else None
        return EncoderOutput(last_hidden_state=cast(Any, states), pooler_output=cast(Any, pooled))

    return _with_part(module, module.base_model_prefix, given_states)(**inputs)


@dataclass
class EncoderOutput(BaseModelOutputWithPoolingAndCrossAttentions):
    """The outputs of an encoder as heads take them: hidden states, and None for all that they only hand on."""

    global_attentions: tuple[Any, ...] | None = None  # Longformer's


class _Encoded(BaseException):
    """Ends a forward pass once its encoder has run."""

    def __init__(self, states: Tensor):
        super().__init__()
        self.states = states


def _with_part(module: nn.Module, name: str, part: Callable[..., Any] | None) -> Any:
    """Return a shallow copy of a module, in which an attribute replaces one of its modules."""
    twin = copy.copy(module)
    twin._modules = {key: value for key, value in module._modules.items() if key != name}
    twin.__dict__[name] = part
    return twin


def _pooled(encoder: nn.Module, states: Tensor) -> Tensor | None:
    pooler = getattr(encoder, POOLER, None)
    if pooler is None:
        return None
    if isinstance(pooler, nn.Linear):  # ALBERT and BigBird keep the activation beside it
        activation: Any = getattr(encoder, "pooler_activation", None) or encoder.activation
        return activation(pooler(states[:, 0]))
    return pooler(states)
