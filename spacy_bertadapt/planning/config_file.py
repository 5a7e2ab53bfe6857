"""The text of a config, whatever its task."""

from __future__ import annotations

from .data import complete_settings, is_docbin
from .findings import Findings
from .rendering import render, to_setting
from .request import Choice, ConfigRequest

POOL = 100
QA_POOL = 20  # questions on one context have about the same length, and should not fill a batch


def render_config(
    choices: list[Choice],
    found: Findings,
    request: ConfigRequest,
    *,
    title: str,
    things: str,
    architecture: str = "SequenceClassifier",
) -> str:
    """Fill in the templates of a task.

    choices: with "max_length", "max_steps" and "eval_frequency" among them. title: what the config is for.
    things: what the data consists of, in the plural. architecture: of the component's model.
    """
    chosen = {choice.setting: choice for choice in choices}
    fields = {name: to_setting(choice.value) for name, choice in chosen.items()}
    fields |= {f"{name}_reason": choice.reason for name, choice in chosen.items()}
    fields |= {name: to_setting(getattr(request, name)) for name in ("lang", "encoder", "device", "batch_size")}
    if "loss" in chosen:
        fields["loss"] = render("loss_default" if chosen["loss"].value is None else "loss_balanced", task=request.task)
    model = render("model", task=request.task, architecture=architecture, **fields)
    return render(
        "config",
        title=title,
        task=request.task,
        component=render(f"component_{request.task}", model=model, **fields),
        scores=render(f"scores_{request.task}"),
        data_summary=f"{found.train.labelled:,} {things} with {len(found.train.counts):,} labels",
        config_path=request.output,
        train_path=to_setting(str(request.train)),
        dev_path=to_setting(str(request.dev)),
        train_reader=_reader("train", request),
        dev_reader=_reader("dev", request),
        learn_rate=to_setting(request.learn_rate),
        pool=QA_POOL if request.task == "qa" else POOL,
        **fields,
    )


def _reader(split: str, request: ConfigRequest) -> str:
    if is_docbin(request.train if split == "train" else request.dev):
        return render("reader_docbin", split=split)
    whole = complete_settings(request.task, request.reader)
    settings = {name: to_setting(value) for name, value in whole.items()}
    return render(f"reader_{request.task}", split=split, **settings)
