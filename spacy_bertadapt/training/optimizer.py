"""AdamW as BERT is trained with it, in the form that spaCy's training loop needs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from thinc.api import Optimizer

from ..errors import require, require_at_least

Rate: TypeAlias = float | list[float] | Iterator[float]


class AdamW(Optimizer):
    """The hyper-parameters of AdamW, and thinc's own Adam for components that don't run on torch.

    The networks of this package make a fused torch step with them: no decay on biases and norms, clipping by the global
    norm of each network, factors on rate and decay of a parameter as the component's `adapt` says. The moments belong
    to the component.
    """

    def __init__(self, learn_rate: Rate, **adam: float | bool):
        """Set up with thinc's settings. `adamw` has the names and defaults of the config."""
        super().__init__(learn_rate, use_averages=False, L2_is_weight_decay=True, **adam)  # type: ignore[arg-type]


def adamw(
    learn_rate: Rate = 5e-5,
    weight_decay: float = 0.01,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
    grad_clip: float = 1.0,
) -> AdamW:
    """Return AdamW (Loshchilov and Hutter, 2019).

    learn_rate: a number or a schedule. weight_decay: decoupled from the gradient, on matrices only.
    grad_clip: largest global norm of a network's gradient; 0 switches clipping off.
    Raises ValueError for settings outside their range.
    """
    require("eps", eps, possible=eps > 0, remedy="use a number above 0")
    for setting, value in {"beta1": beta1, "beta2": beta2}.items():
        require(setting, value, possible=0 <= value < 1, remedy="use a number from 0, below 1")
    for setting, value in {"weight_decay": weight_decay, "grad_clip": grad_clip}.items():
        require_at_least(setting, value, 0)
    return AdamW(
        learn_rate,
        L2=weight_decay,
        beta1=beta1,
        beta2=beta2,
        eps=eps,
        grad_clip=grad_clip,
    )
