"""AdamW as BERT is trained with it, in the form that spaCy's training loop asks for."""

from __future__ import annotations

from collections.abc import Iterator

from thinc.api import Optimizer

from ..errors import Errors, InvalidError

Rate = float | list[float] | Iterator[float]


class AdamW(Optimizer):
    """Hyper-parameters of AdamW, and thinc's own Adam for components that don't run on torch.

    Modules of this package take a fused torch step with them (`modeling.stepper`): no decay on biases and
    norms, clipping by each module's global norm, factors on rate and decay by parameter as the component's `adapt`
    says. Their moments live with the component.
    """

    def __init__(self, learn_rate: Rate, **adam: float | bool):
        """Take thinc's settings. See `adamw`."""
        super().__init__(learn_rate, use_averages=False, L2_is_weight_decay=True, **adam)  # type: ignore[arg-type]


def adamw(
    learn_rate: Rate = 5e-5,
    weight_decay: float = 0.01,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
    grad_clip: float = 1.0,
) -> AdamW:
    """AdamW (Loshchilov and Hutter, 2019).

    learn_rate: a number or a schedule. weight_decay: decoupled, on matrices only. grad_clip: largest global
    norm of a module's gradient; 0 switches clipping off.
    Raises ValueError for settings outside their range.
    """
    _check("eps", eps, possible=eps > 0, remedy="use a number above 0")
    for setting, value in {"beta1": beta1, "beta2": beta2}.items():
        _check(setting, value, possible=0 <= value < 1, remedy="use a number from 0, below 1")
    for setting, value in {"weight_decay": weight_decay, "grad_clip": grad_clip}.items():
        _check(setting, value, possible=value >= 0, remedy="use 0 or more")
    return AdamW(
        learn_rate,
        L2=weight_decay,
        beta1=beta1,
        beta2=beta2,
        eps=eps,
        grad_clip=grad_clip,
    )


def _check(setting: str, value: float, *, possible: bool, remedy: str) -> None:
    if not possible:
        raise InvalidError(Errors.E308.format(setting=setting, value=value, remedy=remedy))
