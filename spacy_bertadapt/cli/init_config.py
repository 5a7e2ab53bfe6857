"""`init-config`: a config that fits the data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from wasabi import msg

from ..errors import Errors, ExistsError, Warnings
from ..planning.data import get_task
from ..planning.findings import Findings, find_out
from ..planning.rendering import to_setting
from ..planning.request import Choice, ConfigRequest
from ..tasks.factories import DEFAULT_ENCODER
from ..tasks.ner.plan import choose_ner, render_ner
from ..tasks.ner.report import warn_without_entities
from ..tasks.nli.plan import choose_nli, render_nli
from ..tasks.qa.plan import choose_qa, render_qa
from ..tasks.textcat.plan import choose_textcat, render_textcat
from . import options


@dataclass(frozen=True, slots=True)
class Planner:
    """How the config of a task is made: decisions first, then the text of the file."""

    choose: Callable[[Findings, ConfigRequest], list[Choice]]
    render: Callable[[list[Choice], Findings, ConfigRequest], str]


PLANNERS = {
    "textcat": Planner(choose_textcat, render_textcat),
    "nli": Planner(choose_nli, render_nli),
    "ner": Planner(choose_ner, render_ner),
    "qa": Planner(choose_qa, render_qa),
}


def init_config_cli(
    context: typer.Context,
    output: Annotated[Path, typer.Argument(help="Config file to write", dir_okay=False)],
    train: Annotated[Path, typer.Option("--train", help="Training data: .spacy, or a raw file of the task")],
    dev: Annotated[Path, typer.Option("--dev", help="Evaluation data, likewise")],
    task: options.TaskOption = "textcat",
    encoder: options.EncoderOption = DEFAULT_ENCODER,
    epochs: Annotated[
        int | None,
        typer.Option("--epochs", min=1, help="About how often each text is seen; else 3, small data up to 20"),
    ] = None,
    batch_size: Annotated[int, typer.Option("--batch-size", min=1, help="Texts a step")] = 32,
    learn_rate: Annotated[float, typer.Option("--learn-rate", min=0, help="The highest learning rate")] = 5e-5,
    lang: options.LangOption = "en",
    device: Annotated[str, typer.Option("--device", help="auto, cpu, cuda:0, mps")] = "auto",
    force: Annotated[bool, typer.Option("--force", "-F", help="Write over an existing file")] = False,
) -> None:
    """
    Look at the data and write a complete config for it, ready for `python -m spacy train`: kind of labels,
    loss, window length, steps, learning rate, each with the reason for its value.
    """
    with options.errors_as_messages():
        request = ConfigRequest(
            output=output,
            train=train,
            dev=dev,
            task=task,
            encoder=encoder,
            epochs=epochs,
            batch_size=batch_size,
            learn_rate=learn_rate,
            lang=lang,
            device=device,
            reader=options.reader_settings(context),
        )
        found, choices = init_config(request, force=force)
    _show(request, found, choices)


def init_config(request: ConfigRequest, *, force: bool = False) -> tuple[Findings, list[Choice]]:
    """Look at the data and write a config for it; returns what was found and chosen.

    force: whether an existing file may be written over.
    Raises FileExistsError, FileNotFoundError for missing data or encoder, and ValueError for an unknown task and
    for data that can't be used.
    """
    get_task(request.task)
    planner = PLANNERS[request.task]
    if request.output.exists() and not force:
        raise ExistsError(Errors.E505.format(path=request.output))
    found = find_out(request)
    choices = planner.choose(found, request)
    config = planner.render(choices, found, request)
    request.output.parent.mkdir(parents=True, exist_ok=True)
    request.output.write_text(config + "\n", encoding="utf8")
    return found, choices


def _show(request: ConfigRequest, found: Findings, choices: list[Choice]) -> None:
    found.train.show(f"{found.train.labelled:,} training texts")
    found.lengths.show()
    msg.info(f"{found.dev.labelled:,} evaluation texts")
    if request.task == "ner":
        warn_without_entities(request.train, found.train)
        warn_without_entities(request.dev, found.dev)
    if found.only_in_dev:
        msg.warn(Warnings.W501.format(path=request.dev, labels=", ".join(found.only_in_dev)))
    rows = [(choice.setting, to_setting(choice.value), choice.reason) for choice in choices]
    msg.table(rows, header=("Setting", "Value", "Why"), divider=True, max_col=100, title="Settings for this data")
    msg.good(f"Wrote {request.output}; train with:")
    msg.text(f"python -m spacy train {request.output} -o out")
