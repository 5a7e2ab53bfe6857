"""How long to train, in steps of spaCy's training loop."""

from __future__ import annotations

import math
from dataclasses import dataclass

FEWEST_BETWEEN_EVALUATIONS = 10
MOST_BETWEEN_EVALUATIONS = 500
FEWEST_EPOCHS, MOST_EPOCHS = 3, 20
ENOUGH_STEPS = 200
WAITED_FOR, FEWEST_WAITED_FOR = 0.4, 4  # a share of the evaluations, and a number of them


@dataclass(frozen=True, slots=True)
class StepPlan:
    """Steps as `[training]` counts them.

    per_epoch: steps in which every example is seen once. eval_frequency: steps from one evaluation to the next.
    max_steps: number of the last step, counted from 0; a multiple of eval_frequency, so that it is evaluated.
    """

    per_epoch: int
    eval_frequency: int
    max_steps: int

    @property
    def patience(self) -> int:
        """Steps without a better score after which training ends; a multiple of eval_frequency.

        It is long enough for a score that does not move while the rate rises, and that moves again as it falls.
        """
        evaluations = self.max_steps // self.eval_frequency
        return max(FEWEST_WAITED_FOR, math.ceil(WAITED_FOR * evaluations)) * self.eval_frequency

    @property
    def total(self) -> int:
        """Updates in all: steps 0 to max_steps."""
        return self.max_steps + 1

    @property
    def epochs(self) -> float:
        """How often every example is seen."""
        return self.total / self.per_epoch


def plan_steps(examples: int, *, batch_size: int, epochs: int | None = None) -> StepPlan:
    """Plan about two evaluations an epoch, and the number of steps nearest to `epochs` that ends with one.

    examples: in the training data. batch_size: examples a step. epochs: how often each is to be seen, about; None: 3,
    and for small data more, up to 20, as few steps leave the new head as it was (Mosbach et al. 2021).
    """
    per_epoch = math.ceil(examples / batch_size)
    epochs = epochs or min(max(FEWEST_EPOCHS, math.ceil(ENOUGH_STEPS / per_epoch)), MOST_EPOCHS)
    frequency = min(max(round(per_epoch / 2), FEWEST_BETWEEN_EVALUATIONS), MOST_BETWEEN_EVALUATIONS)
    last_wanted = epochs * per_epoch - 1
    evaluations = max(1, round(last_wanted / frequency))
    return StepPlan(per_epoch, frequency, evaluations * frequency)
