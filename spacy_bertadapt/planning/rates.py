"""The learning rate that fits an encoder, and what of it learns."""

from __future__ import annotations

from ..errors import Errors, InvalidError
from .adaptations import FULL, STRATEGIES
from .choices import Choice
from .encoder_plan import HEAD_RATE, EncoderPlan

RATE = "training.optimizer.learn_rate.initial_rate"
RATES = ((1024, 2e-5), (512, 5e-5), (256, 1e-4), (0, 2e-4))
"""From a number of hidden units on: the rate for the whole of such an encoder; small encoders want more."""


def usual_rate(hidden_size: int) -> float:
    """Return the rate for the whole of an encoder. hidden_size: its hidden units."""
    return next(rate for size, rate in RATES if hidden_size >= size)


def choose_rate(plan: EncoderPlan, *, adapt: str, given: float | None) -> Choice:
    """Choose the highest rate of a training.

    plan: the encoder. adapt: a name of `STRATEGIES`. given: a rate that was asked for; None: the usual one.
    Raises ValueError for another name, and what reading the encoder's configuration raises.
    """
    if adapt not in STRATEGIES:
        raise InvalidError(Errors.E695.format(adapt=adapt, known=", ".join(STRATEGIES)))
    if given is not None:
        return Choice(RATE, given, "as it was asked for")
    if plan.learn_rate == HEAD_RATE or plan.subwords_of is None:
        return Choice(RATE, HEAD_RATE, "heads learn on an encoder that stays as it is")
    size, factor = _hidden_size(plan.subwords_of), STRATEGIES[adapt][1]
    reason = f"usual for an encoder of {size:,} hidden units"
    if adapt != FULL:
        reason = f"{reason}, times {factor:g} as {adapt} learns few parameters"
    return Choice(RATE, float(f"{usual_rate(size) * factor:.6g}"), reason)


def _hidden_size(encoder: str) -> int:
    from ..network.encoder_source import EncoderSource
    from ..network.pretrained_config import read_encoder_config

    return int(getattr(read_encoder_config(EncoderSource(encoder)), "hidden_size", 0) or 768)
