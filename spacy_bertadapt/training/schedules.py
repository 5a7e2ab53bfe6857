"""Learning rates that warm up, then stay or fall."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from itertools import repeat
from typing import TypeAlias

from ..errors import require, require_at_least

Steps: TypeAlias = int | str | None
VARIABLE = "${"  # how a reference to another setting begins


def warmup_linear(
    initial_rate: float, total_steps: Steps, warmup: float = 0.1, final_rate: float = 0.0
) -> Iterator[float]:
    """Yield rates that rise to `initial_rate`, then fall in a straight line to `final_rate` after the last step.

    total_steps: optimizer steps in all; later ones get `final_rate`. None: they are not known, and all rates are
    `initial_rate`. So they are where it still reads `${training.max_steps}`: `nlp.create_optimizer`, and all methods
    that call it, read the optimizer's block without the rest of the config.
    warmup: steps of the rise (1 or more), or their share of all steps (below 1).
    Raises ValueError for a negative rate or warm-up, and for a warm-up that leaves no step to fall.
    """
    return _warmup(initial_rate, final_rate, total_steps, warmup, lambda left: left)


def warmup_cosine(
    initial_rate: float, total_steps: Steps, warmup: float = 0.1, final_rate: float = 0.0
) -> Iterator[float]:
    """Yield rates that rise to `initial_rate`, then fall along half a cosine.

    Arguments and errors are those of WarmupLinear.v1.
    """
    return _warmup(initial_rate, final_rate, total_steps, warmup, lambda left: 0.5 - 0.5 * math.cos(math.pi * left))


def warmup_constant(initial_rate: float, warmup: int) -> Iterator[float]:
    """Yield rates that rise to `initial_rate` over `warmup` steps, then stay.

    Raises ValueError for a negative rate or warm-up.
    """
    require_at_least("initial_rate", initial_rate, 0)
    require("warmup", warmup, possible=warmup >= 0, remedy="use a number of steps")
    return _rates(initial_rate, initial_rate, int(warmup), int(warmup) + 1, lambda left: 1.0)


def _warmup(peak: float, final: float, total: Steps, warmup: float, shape: Callable[[float], float]) -> Iterator[float]:
    require_at_least("initial_rate", peak, 0)
    if total is None or (isinstance(total, str) and total.startswith(VARIABLE)):
        return repeat(peak)
    possible = not isinstance(total, str) and total >= 1
    require("total_steps", total, possible=possible, remedy="use the number of training steps")
    total = int(total)
    remedy = "use a share below 1, or a number of steps below total_steps"
    require("warmup", warmup, possible=0 <= warmup < max(1, total), remedy=remedy)
    steps = min(round(warmup * total), total - 1) if warmup < 1 else int(warmup)
    return _rates(peak, final, steps, total, shape)


def _rates(peak: float, final: float, warmup: int, total: int, shape: Callable[[float], float]) -> Iterator[float]:
    """Yield the rate of every step. shape: the share of the fall that is left, by the share of the steps left."""
    for step in range(warmup):
        yield peak * (step + 1) / (warmup + 1)
    for step in range(warmup, total):
        yield final + (peak - final) * shape((total - step) / (total - warmup))
    while True:
        yield final
