"""What a config for text classification says, and why."""

from __future__ import annotations

import math

from ..errors import Errors
from .data import is_docbin
from .findings import Findings
from .rendering import render, to_setting
from .request import Choice, ConfigRequest
from .steps import StepPlan, plan_steps

SHORTEST_WINDOW = 32
WINDOW_MULTIPLE = 8
LONGEST_KEPT_WHOLE = 128
BALANCE_FROM = 3


def choose_textcat(found: Findings, request: ConfigRequest) -> list[Choice]:
    """Decide on the settings that depend on the data. Raises ValueError if all texts have the same single label."""
    labels = found.train.counts
    if len(labels) == 1 and found.train.exclusive:
        raise ValueError(Errors.E504.format(path=request.train, label=next(iter(labels))))
    steps = plan_steps(found.train.labelled, batch_size=request.batch_size, epochs=request.epochs)
    return [_exclusive(found), _loss(found), _max_length(found), *_steps(steps, request)]


def render_textcat(choices: list[Choice], found: Findings, request: ConfigRequest) -> str:
    """Write out the whole config. choices: as of `choose_textcat`."""
    chosen = {choice.setting: choice for choice in choices}
    fields = {name: to_setting(choice.value) for name, choice in chosen.items()}
    reasons = {f"{name}_reason": choice.reason for name, choice in chosen.items()}
    balanced = chosen["loss"].value is not None
    fields["loss"] = render("loss_balanced" if balanced else "loss_default")
    return render(
        "textcat",
        **fields,
        **reasons,
        data_summary=f"{found.train.labelled:,} texts with {len(found.train.counts):,} labels",
        config_path=request.output,
        train_path=to_setting(str(request.train)),
        dev_path=to_setting(str(request.dev)),
        train_reader=_reader("train", request),
        dev_reader=_reader("dev", request),
        total_steps=chosen["max_steps"].value + 1,
        **{name: to_setting(getattr(request, name)) for name in ("lang", "encoder", "device", "batch_size")},
        learn_rate=to_setting(request.learn_rate),
    )


def _exclusive(found: Findings) -> Choice:
    if found.train.exclusive:
        return Choice("exclusive", True, "every training text has exactly one label")
    return Choice("exclusive", False, "some training texts have several labels, or none")


def _loss(found: Findings) -> Choice:
    if not found.train.exclusive:
        return Choice("loss", None, "binary cross-entropy, as labels don't exclude each other")
    ratio = f"the most frequent label has {found.train.imbalance:.1f} times as many texts as the rarest"
    if found.train.imbalance > BALANCE_FROM:
        return Choice("loss", "balanced", f"{ratio}: rare labels weigh more")
    return Choice("loss", None, f"{ratio}: no weights needed")


def _max_length(found: Findings) -> Choice:
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


def _steps(steps: StepPlan, request: ConfigRequest) -> list[Choice]:
    length = f"{steps.total:,} steps are {steps.epochs:.1f} epochs of {steps.per_epoch:,}"
    pace = f"{steps.per_epoch / steps.eval_frequency:.1f} evaluations an epoch"
    return [Choice("max_steps", steps.max_steps, length), Choice("eval_frequency", steps.eval_frequency, pace)]


def _reader(split: str, request: ConfigRequest) -> str:
    if is_docbin(request.train if split == "train" else request.dev):
        return render("reader_docbin", split=split)
    columns = request.columns
    names = ("text", "label", "label_separator", "cats")
    return render("reader_textcat", split=split, **{name: to_setting(getattr(columns, name)) for name in names})
