"""`init-config`: a config that fits the data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from shlex import quote
from typing import Annotated

import typer
from wasabi import msg

from ..component.defaults import DEFAULT_ENCODER
from ..errors import Errors, InvalidError
from ..fitting.recognized import task_of_docs
from ..planning.adaptations import FULL, STRATEGIES
from ..planning.encoder_plan import COMPONENT_PREFIX
from ..planning.new_config import write_config
from ..planning.recognition.columns import NUMBER
from ..planning.request import ConfigRequest, TaskData
from ..readers.split import USUAL_SHARE
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
from .recognition import recognize_file

FIRST_GPU = "cuda:0"


def init_config_cli(
    context: typer.Context,
    output: Annotated[Path, typer.Argument(help="Config file to write", dir_okay=False)],
    train: Annotated[list[Path], typer.Option("--train", help="Training data, of any format of docs/data.md")],
    dev: Annotated[
        list[str] | None,
        typer.Option("--dev", help=f"Evaluation data, likewise, or a share of the training data; else {USUAL_SHARE}"),
    ] = None,
    task: Annotated[list[str] | None, options.TASK_OR_RECOGNIZED] = None,
    encoder: Annotated[str, ENCODER] = DEFAULT_ENCODER,
    shared_encoder: SharedOption = False,
    epochs: Annotated[
        int | None,
        typer.Option("--epochs", min=1, help="About how often each text is seen; else 3, small data up to 20"),
    ] = None,
    batch_size: Annotated[int, typer.Option("--batch-size", min=1, help="Texts a step")] = 32,
    learn_rate: Annotated[
        float | None,
        typer.Option("--learn-rate", min=0, max=1, help="The highest; else by the size of the encoder and --adapt"),
    ] = None,
    adapt: Annotated[str, typer.Option("--adapt", help=f"What learns: {', '.join(STRATEGIES)}")] = FULL,
    base: BaseOption = None,
    without: WithoutOption = "",
    name: NameOption = None,
    lang: Annotated[str | None, options.LANG] = None,
    device: Annotated[str, typer.Option("--device", help="auto, cpu, cuda:0, mps")] = "auto",
    gpu: Annotated[bool, typer.Option("--gpu", help="Train and predict on the first GPU: --device cuda:0")] = False,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of all chance")] = 0,
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
        held = _held_out(dev, len(train))
        check_config_name(output)
        check_output(output, inputs=[*train, *(part for part in held if isinstance(part, Path))])
        if not encoder.startswith(COMPONENT_PREFIX):
            offline_without_network(encoder)
        options.check_device(device)
        pipeline = read_base(base, without)
        request = ConfigRequest(
            output=output,
            data=_data_of(context, task, train, held, name, regression=regression, seed=seed),
            encoder=encoder,
            shared_encoder=shared_encoder,
            epochs=epochs,
            batch_size=batch_size,
            learn_rate=learn_rate,
            adapt=adapt,
            seed=seed,
            lang=language_of(lang, pipeline),
            device=FIRST_GPU if gpu else device,
            base=pipeline,
        )
        chosen = write_config(request, force=force)
    for data, survey in zip(request.data, chosen.surveys, strict=True):
        show_data(data, survey)
    show_base(request)
    show_choices(request, chosen)
    msg.good(f"Wrote {request.output}; train with:")
    msg.text(f"python -m spacy train {quote(str(request.output))} -o out")


def _held_out(dev: Sequence[str] | None, count: int) -> list[Path | float]:
    """Return the evaluation data of each training file: a file, or a share of it."""
    held: list[Path | float] = []
    for text in dev or [str(USUAL_SHARE)] * count:
        is_share = NUMBER.fullmatch(text) is not None and not Path(text).exists()
        held.append(float(text) if is_share else Path(text))
        if is_share and not 0 < float(text) < 1:
            raise InvalidError(Errors.E682.format(value=text))
    return held


def _data_of(
    context: typer.Context,
    tasks: Sequence[str] | None,
    train: Sequence[Path],
    held: Sequence[Path | float],
    names: Sequence[str] | None,
    *,
    regression: bool,
    seed: int,
) -> tuple[TaskData, ...]:
    """Return each task with its data, in the order of the options. Raises ValueError for options that don't fit."""
    wanted = tasks or ["" for _ in train]
    count = len(wanted)
    for option, values in {"--train": train, "--dev": held, "--name": names or wanted}.items():
        if len(values) != count:
            raise InvalidError(Errors.E548.format(tasks=count, values=len(values), option=option))
    if regression and count > 1:
        raise InvalidError(Errors.E561.format(tasks=count))
    for name in names or ():
        check_new_name(name)
    said = options.reader_arguments_of(context, wanted)
    parts = zip(wanted, train, held, names or wanted, said, strict=True)
    return tuple(
        _one_of(task or None, file, dev, name if names else None, arguments, regression=regression, seed=seed)
        for task, file, dev, name, arguments in parts
    )


def _one_of(
    task: str | None,
    train: Path,
    held: Path | float,
    name: str | None,
    said: Mapping[str, str | None],
    *,
    regression: bool,
    seed: int,
) -> TaskData:
    """Return a task with its data. Raises ValueError for evaluation data of another task."""
    data = recognize_file(train, task, said)
    dev = recognize_file(held, task or data.task.name, said, quiet=True) if isinstance(held, Path) else None
    files = [train] if dev is None else [train, dev.path]
    return TaskData(
        task=task_of_docs(data, files, regression=regression),
        train=train,
        dev=None if dev is None else dev.path,
        reader=data.reader,
        dev_task=None if dev is None else dev.task,
        dev_reader=None if dev is None else dev.reader,
        share=held if isinstance(held, float) else USUAL_SHARE,
        seed=seed,
        name=name,
    )
