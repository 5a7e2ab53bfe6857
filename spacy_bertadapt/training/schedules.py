"""Learning rates that warm up, then stay or fall."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

from ..errors import Errors, InvalidError


def warmup_linear(
    initial_rate: float, total_steps: int, warmup: float = 0.1, final_rate: float = 0.0
) -> Iterator[float]:
    """Rise to `initial_rate`, then fall in a straight line to `final_rate` after the last step.

    total_steps: optimizer steps in all; later ones get `final_rate`. warmup: steps of the rise (1 or more),
    or their share of all (below 1). Raises ValueError for settings that make no sense.
    """
    return _warmup(initial_rate, final_rate, total_steps, warmup, lambda left: left)


def warmup_cosine(
    initial_rate: float, total_steps: int, warmup: float = 0.1, final_rate: float = 0.0
) -> Iterator[float]:
    """Rise to `initial_rate`, then fall along half a cosine. Arguments as of WarmupLinear.v1."""
    return _warmup(initial_rate, final_rate, total_steps, warmup, lambda left: 0.5 - 0.5 * math.cos(math.pi * left))


def warmup_constant(initial_rate: float, warmup: int) -> Iterator[float]:
    """Rise to `initial_rate` over `warmup` steps, then stay."""
    _check(initial_rate >= 0, "initial_rate", initial_rate, "use 0 or more")
    _check(warmup >= 0, "warmup", warmup, "use a number of steps")
    return _rates(initial_rate, initial_rate, int(warmup), int(warmup) + 1, lambda left: 1.0)


def _warmup(peak: float, final: float, total: int, warmup: float, shape: Callable[[float], float]) -> Iterator[float]:
    _check(total >= 1, "total_steps", total, "use the number of training steps")
    _check(peak >= 0, "initial_rate", peak, "use 0 or more")
    _check(0 <= warmup < max(1, total), "warmup", warmup, "use a share below 1, or a number of steps below total_steps")
    steps = min(round(warmup * total), total - 1) if warmup < 1 else int(warmup)
    return _rates(peak, final, steps, total, shape)


def _rates(peak: float, final: float, warmup: int, total: int, shape: Callable[[float], float]) -> Iterator[float]:
    for step in range(warmup):
        yield peak * (step + 1) / (warmup + 1)
    for step in range(warmup, total):
        yield final + (peak - final) * shape((total - step) / (total - warmup))
    while True:
        yield final


def _check(holds: bool, setting: str, value: object, remedy: str) -> None:
    if not holds:
        raise InvalidError(Errors.E308.format(setting=setting, value=value, remedy=remedy))
