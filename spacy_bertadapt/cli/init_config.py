"""`init-config`: a config that fits the data."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from shlex import quote
from typing import Annotated

import typer
from wasabi import msg

from ..component.defaults import DEFAULT_ENCODER
from ..errors import Errors, InvalidError
from ..planning.encoder_plan import COMPONENT_PREFIX
from ..planning.new_config import write_config
from ..planning.request import ConfigRequest, TaskData
from ..planning.task import Task
from ..tasks import get_task
from . import options
from .base_options import (
    ENCODER,
    BaseOption,
    NameOption,
    SharedOption,
    WithoutOption,
    check_new_name,
    language_of,
    read_base,
)
from .hub import offline_without_network
from .new_config_report import show_base, show_choices, show_data
from .output import check_config_name, check_output


def init_config_cli(
    context: typer.Context,
    output: Annotated[Path, typer.Argument(help="Config file to write", dir_okay=False)],
    train: Annotated[list[Path], typer.Option("--train", help="Training data: .spacy, or a raw file of the task")],
    dev: Annotated[list[Path], typer.Option("--dev", help="Evaluation data, likewise")],
    task: Annotated[list[str], options.TASK] = [options.DEFAULT_TASK],  # noqa: B006 (typer reads it only)
    encoder: Annotated[str, ENCODER] = DEFAULT_ENCODER,
    shared_encoder: SharedOption = False,
    epochs: Annotated[
        int | None,
        typer.Option("--epochs", min=1, help="About how often each text is seen; else 3, small data up to 20"),
    ] = None,
    batch_size: Annotated[int, typer.Option("--batch-size", min=1, help="Texts a step")] = 32,
    learn_rate: Annotated[
        float | None,
        typer.Option("--learn-rate", min=0, max=1, help="The highest; else 5e-5, and 1e-3 for heads on a component"),
    ] = None,
    base: BaseOption = None,
    without: WithoutOption = "",
    name: NameOption = None,
    lang: Annotated[str | None, options.LANG] = None,
    device: Annotated[str, typer.Option("--device", help="auto, cpu, cuda:0, mps")] = "auto",
    regression: options.RegressionOption = False,
    force: Annotated[bool, typer.Option("--force", "-F", help="Write over an existing file")] = False,
) -> None:
    """
    Look at the data and write a complete config for it, ready for `python -m spacy train`: kind of labels,
    loss, window length, steps, learning rate, each with the reason for its value. Several tasks are learned at once
    where --task, --train and --dev are given once for each. With --base, the new components come after those of a
    pipeline that exists.
    """
    with options.errors_as_messages():
        tasks = [get_task(chosen) for chosen in task]
        check_config_name(output)
        check_output(output, inputs=[*train, *dev])
        if not encoder.startswith(COMPONENT_PREFIX):
            offline_without_network(encoder)
        options.check_device(device)
        readers = options.settings_of_readers(context, tasks)
        pipeline = read_base(base, without)
        request = ConfigRequest(
            output=output,
            data=_data_of(tasks, train, dev, name or [None] * len(tasks), readers, regression=regression),
            encoder=encoder,
            shared_encoder=shared_encoder,
            epochs=epochs,
            batch_size=batch_size,
            learn_rate=learn_rate,
            lang=language_of(lang, pipeline),
            device=device,
            base=pipeline,
        )
        chosen = write_config(request, force=force)
    for data, survey in zip(request.data, chosen.surveys, strict=True):
        show_data(data, survey)
    show_base(request)
    show_choices(request, chosen)
    msg.good(f"Wrote {request.output}; train with:")
    msg.text(f"python -m spacy train {quote(str(request.output))} -o out")


def _data_of(
    tasks: Sequence[Task],
    train: Sequence[Path],
    dev: Sequence[Path],
    names: Sequence[str | None],
    readers: Sequence[dict[str, object]],
    *,
    regression: bool,
) -> tuple[TaskData, ...]:
    """Return each task with its data, in the order of the options. Raises ValueError for options that don't fit."""
    for option, values in {"--train": train, "--dev": dev, "--name": names}.items():
        if len(values) != len(tasks):
            raise InvalidError(Errors.E548.format(tasks=len(tasks), values=len(values), option=option))
    if regression and len(tasks) > 1:
        raise InvalidError(Errors.E561.format(tasks=len(tasks)))
    for name in names:
        check_new_name(name)
    return tuple(
        TaskData(
            task=options.task_of_gold(task, reader, regression=regression, files=files),
            train=files[0],
            dev=files[1],
            reader=reader,
            name=name,
        )
        for task, *files, reader, name in zip(tasks, train, dev, readers, names, strict=True)
    )
