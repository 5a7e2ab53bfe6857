"""Settings that depend on the data, as several tasks choose them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from .data_summary import DataSurvey
from .steps import plan_steps

SHORTEST_WINDOW = 32
WINDOW_MULTIPLE = 8
LONGEST_KEPT_WHOLE = 128


@dataclass(frozen=True, slots=True)
class Choice:
    """A setting that depends on the data.

    setting: its dotted name, in which `component.` stands for the task's component. reason: why it has its value.
    """

    setting: str
    value: Any
    reason: str

    @property
    def name(self) -> str:
        """The setting without the block that it stands in."""
        return self.setting.rpartition(".")[2]


def choose_max_length(data: DataSurvey) -> Choice:
    """Choose windows that hold the longest text if it is short, else 99 % of the texts, else what the encoder takes."""
    setting, longest, limit = "component.max_length", data.lengths.longest, data.encoder_limit
    if longest <= min(LONGEST_KEPT_WHOLE, limit):
        return Choice(
            setting, min(_window(longest), limit), f"the longest text has {longest:,} subwords, so none is cut"
        )
    usual = f"99 % of the texts have up to {data.lengths.p99:,} subwords"
    if _window(data.lengths.p99) > limit:
        return Choice(setting, limit, f"the most that the encoder takes; {usual}")
    return Choice(setting, _window(data.lengths.p99), f"{usual}, the longest {longest:,}")


def choose_steps(texts: int, *, batch_size: int, epochs: int | None) -> list[Choice]:
    """Choose how long to train, and how often to evaluate.

    texts: those with annotation. epochs: about how often each is seen; None: by their number.
    """
    steps = plan_steps(texts, batch_size=batch_size, epochs=epochs)
    length = f"{steps.total:,} steps are {steps.epochs:.1f} epochs of {steps.per_epoch:,}"
    pace = f"{steps.per_epoch / steps.eval_frequency:.1f} evaluations an epoch"
    return [
        Choice("training.max_steps", steps.max_steps, length),
        Choice("training.eval_frequency", steps.eval_frequency, pace),
        Choice("training.patience", steps.patience, "steps without a better score after which the training ends early"),
    ]


def _window(subwords: int) -> int:
    """Return the size of the shortest window that holds a text of so many subwords."""
    return max(SHORTEST_WINDOW, WINDOW_MULTIPLE * math.ceil(subwords / WINDOW_MULTIPLE))
