"""Settings that depend on the data, as several tasks choose them."""

from __future__ import annotations

import math

from ..errors import Errors, InvalidError
from .findings import Findings
from .request import Choice, ConfigRequest
from .steps import plan_steps

SHORTEST_WINDOW = 32
WINDOW_MULTIPLE = 8
LONGEST_KEPT_WHOLE = 128
BALANCE_FROM = 3


def check_labels(found: Findings, request: ConfigRequest) -> None:
    """Raise ValueError if all texts have the same single label."""
    labels = found.train.counts
    if len(labels) == 1 and found.train.exclusive:
        raise InvalidError(Errors.E504.format(path=request.train, label=next(iter(labels))))


def choose_loss(found: Findings) -> Choice:
    """Weights for exclusive labels of very unequal size."""
    ratio = f"the most frequent label has {found.train.imbalance:.1f} times as many texts as the rarest"
    if found.train.imbalance > BALANCE_FROM:
        return Choice("loss", "balanced", f"{ratio}: rare labels weigh more")
    return Choice("loss", None, f"{ratio}: no weights needed")


def choose_max_length(found: Findings) -> Choice:
    """Windows that hold the longest text if it is short, else 99 % of the texts, else what the encoder takes."""
    if found.lengths.longest <= min(LONGEST_KEPT_WHOLE, found.encoder_limit):
        wanted = max(SHORTEST_WINDOW, WINDOW_MULTIPLE * math.ceil(found.lengths.longest / WINDOW_MULTIPLE))
        reason = f"the longest text has {found.lengths.longest:,} subwords, so none is cut"
        return Choice("max_length", min(wanted, found.encoder_limit), reason)
    wanted = max(SHORTEST_WINDOW, WINDOW_MULTIPLE * math.ceil(found.lengths.p99 / WINDOW_MULTIPLE))
    if wanted > found.encoder_limit:
        reason = f"the most that the encoder takes; 99 % of the texts have up to {found.lengths.p99:,} subwords"
        return Choice("max_length", found.encoder_limit, reason)
    reason = f"99 % of the texts have up to {found.lengths.p99:,} subwords, the longest {found.lengths.longest:,}"
    return Choice("max_length", wanted, reason)


def choose_steps(found: Findings, request: ConfigRequest) -> list[Choice]:
    """How long to train, and how often to evaluate."""
    steps = plan_steps(found.train.labelled, batch_size=request.batch_size, epochs=request.epochs)
    length = f"{steps.total:,} steps are {steps.epochs:.1f} epochs of {steps.per_epoch:,}"
    pace = f"{steps.per_epoch / steps.eval_frequency:.1f} evaluations an epoch"
    return [Choice("max_steps", steps.max_steps, length), Choice("eval_frequency", steps.eval_frequency, pace)]
