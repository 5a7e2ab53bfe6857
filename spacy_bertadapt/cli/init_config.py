"""`init-config`: a config that fits the data."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from shlex import quote
from typing import Annotated

import typer
from wasabi import msg

from ..component.defaults import DEFAULT_ENCODER
from ..errors import Warnings
from ..planning.blocks import is_call
from ..planning.choices import Choice
from ..planning.config_text import to_setting
from ..planning.data_summary import DataSurvey
from ..planning.new_config import write_config
from ..planning.request import ConfigRequest
from ..tasks import get_task
from . import options
from .hub import offline_without_network
from .output import check_config_name, check_output


def init_config_cli(
    context: typer.Context,
    output: Annotated[Path, typer.Argument(help="Config file to write", dir_okay=False)],
    train: Annotated[Path, typer.Option("--train", help="Training data: .spacy, or a raw file of the task")],
    dev: Annotated[Path, typer.Option("--dev", help="Evaluation data, likewise")],
    task: options.TaskOption = options.DEFAULT_TASK,
    encoder: options.EncoderOption = DEFAULT_ENCODER,
    epochs: Annotated[
        int | None,
        typer.Option("--epochs", min=1, help="About how often each text is seen; else 3, small data up to 20"),
    ] = None,
    batch_size: Annotated[int, typer.Option("--batch-size", min=1, help="Texts a step")] = 32,
    learn_rate: Annotated[float, typer.Option("--learn-rate", min=0, max=1, help="The highest learning rate")] = 5e-5,
    lang: options.LangOption = "en",
    device: Annotated[str, typer.Option("--device", help="auto, cpu, cuda:0, mps")] = "auto",
    regression: options.RegressionOption = False,
    force: Annotated[bool, typer.Option("--force", "-F", help="Write over an existing file")] = False,
) -> None:
    """
    Look at the data and write a complete config for it, ready for `python -m spacy train`: kind of labels,
    loss, window length, steps, learning rate, each with the reason for its value.
    """
    with options.errors_as_messages():
        chosen = get_task(task)
        settings = options.reader_settings(context, chosen)
        chosen = options.task_of_gold(chosen, settings, regression=regression, files=[train, dev])
        check_config_name(output)
        check_output(output, inputs=[train, dev])
        offline_without_network(encoder)
        options.check_device(device)
        request = ConfigRequest(
            output=output,
            train=train,
            dev=dev,
            task=chosen,
            encoder=encoder,
            epochs=epochs,
            batch_size=batch_size,
            learn_rate=learn_rate,
            lang=lang,
            device=device,
            reader=settings,
        )
        data, choices = write_config(request, force=force)
    _show(request, data, choices)


def _show(request: ConfigRequest, data: DataSurvey, choices: list[Choice]) -> None:
    if request.train.samefile(request.dev):
        msg.warn(Warnings.W504.format(path=request.train))
    data.train.show(f"{data.train.labelled:,} training texts")
    data.lengths.show()
    msg.info(f"{data.dev.labelled:,} evaluation texts")
    for path, labels in ((request.train, data.train), (request.dev, data.dev)):
        for warning in request.task.label_warnings(path, labels):
            msg.warn(warning)
    if data.only_in_dev:
        msg.warn(Warnings.W501.format(path=request.dev, labels=", ".join(data.only_in_dev)))
    rows = [(choice.name, _in_short(choice.value), choice.reason) for choice in choices]
    msg.table(rows, header=("Setting", "Value", "Why"), divider=True, max_col=100, title="Settings for this data")
    msg.good(f"Wrote {request.output}; train with:")
    msg.text(f"python -m spacy train {quote(str(request.output))} -o out")


def _in_short(value: object) -> str:
    """Return a value as configs have it; of a registered function its settings alone, or its name if it has none."""
    if isinstance(value, Mapping) and is_call(value):
        settings = [f"{name} = {to_setting(part)}" for name, part in value.items() if not name.startswith("@")]
        return ", ".join(settings or value.values())
    return to_setting(value)
