"""Options that several commands share, and how commands fail."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any, NoReturn

import typer
from click import NoSuchOption
from spacy import util
from spacy.cli._util import parse_config_overrides, setup_gpu
from wasabi import msg

from ..errors import BertadaptError, Errors, InvalidError
from ..tasks import TRAINED
from .config_errors import config_errors_in_one_line


def _known_language(lang: str | None) -> str | None:
    """Return the code of a language; end with spaCy's message if it doesn't know it, or lacks a package for it."""
    try:
        if lang is not None:
            util.get_lang_class(lang)()
    except ImportError as err:
        _fail(str(err))
    return lang


TASK = typer.Option("--task", "-t", help=f"What the data is for: {', '.join(TRAINED)}")
TaskOption = Annotated[str, TASK]
TASK_OR_RECOGNIZED = typer.Option(
    "--task", "-t", help=f"What the data is for: {', '.join(TRAINED)}; else it is recognized"
)
LANG = typer.Option("--lang", "-l", help="Language code of the texts", callback=_known_language)
LangOption = Annotated[str, LANG]
EncoderOption = Annotated[str, typer.Option("--encoder", "-e", help="Hub id, directory, or package:NAME")]
LimitOption = Annotated[int, typer.Option("--limit", "-n", min=0, help="Number of texts to read at most; 0 for all")]

TAKES_OVERRIDES = {"allow_extra_args": True, "ignore_unknown_options": True}
READER_HELP = """
Where the parts stand in a raw file is said as settings of the task's reader: --reader.text body --reader.label 1,
--reader.premise sentence_A, --reader.label_map '{"e": "entailment"}', --reader.scores stars, --reader.tag 3 …
"""
PREFIX = "reader."
RegressionOption = Annotated[
    bool, typer.Option("--regression", help="Gold in .spacy files is numbers; of raw files --reader.scores says it")
]


def reader_arguments_of(context: typer.Context, tasks: Sequence[str]) -> list[dict[str, str | None]]:
    """Return what was said of each task's reader: of several tasks, as `--reader.TASK.NAME VALUE`.

    Raises ValueError for an option of no task.
    """
    if len(tasks) < 2:
        return [reader_arguments(context)]
    said = {task: dict[str, str | None]() for task in tasks}
    for name, text in reader_arguments(context).items():
        task_name, _, setting = name.partition(".")
        if task_name not in said or not setting:
            raise InvalidError(Errors.E510.format(option=f"{PREFIX}{name}"))
        said[task_name][setting] = text
    return [said[task] for task in tasks]


def reader_arguments(context: typer.Context) -> dict[str, str | None]:
    """Return what `--reader.NAME VALUE` or `--reader.NAME=VALUE` said, as texts by name; None for one without a value.

    Raises ValueError for another option.
    """
    texts: dict[str, str | None] = {}
    arguments = list(context.args)
    while arguments:
        argument = arguments.pop(0)
        name, equals, text = argument.removeprefix("--").partition("=")
        if not argument.startswith("--"):
            raise InvalidError(Errors.E528.format(argument=argument))
        if not name.startswith(PREFIX):
            raise InvalidError(Errors.E510.format(option=name))
        is_switch = not equals and (not arguments or arguments[0].startswith("--"))
        value = text if equals else None if is_switch else arguments.pop(0)
        texts[name.removeprefix(PREFIX).replace("-", "_")] = value
    return texts


def config_overrides(context: typer.Context) -> dict[str, Any]:
    """Return the settings of a config that were given as options, by dotted name. Raises ValueError for other ones."""
    try:
        return parse_config_overrides(list(context.args))
    except NoSuchOption as err:
        raise InvalidError(Errors.E542.format(option=err.option_name, command=context.info_name)) from err


def use_gpu(gpu_id: int) -> None:
    """Make spaCy use a GPU; -1: the CPU. Raises ValueError if it can't."""
    try:
        setup_gpu(gpu_id, silent=True)
    except ValueError as err:
        raise InvalidError(Errors.E537.format(gpu_id=gpu_id, reason=err)) from err


def check_device(device: str) -> None:
    """Raise ValueError for a name that no device of torch can have; the device may be another machine's."""
    import torch

    try:
        torch.device("cpu" if device == "auto" else device)
    except RuntimeError as err:
        raise InvalidError(Errors.E543.format(device=device)) from err


@contextmanager
def errors_as_messages() -> Iterator[None]:
    """Show an error of this package, of a config or of the system in one line, and exit with 1; raise any other."""
    try:
        with config_errors_in_one_line():
            yield
    except BertadaptError as err:
        _fail(str(err))
    except OSError as err:
        _fail(Errors.E524.format(reason=err))


def _fail(message: str) -> NoReturn:
    """Print a message without line breaks and what a terminal can't show, and exit with 1."""
    line = " ".join(part.strip() for part in message.splitlines() if part.strip())
    msg.fail(line.encode("utf-8", "backslashreplace").decode("utf-8"), exits=1)
