"""`convert`: raw files to spaCy's own format."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from wasabi import msg

from ..planning.conversion import convert
from ..tasks import get_task
from . import options
from .output import check_output


def convert_cli(
    context: typer.Context,
    source: Annotated[Path, typer.Argument(metavar="INPUT", help="Raw file of the task; may end in .gz")],
    output: Annotated[Path, typer.Argument(help=".spacy file to write", dir_okay=False)],
    task: options.TaskOption = options.DEFAULT_TASK,
    lang: options.LangOption = "en",
    limit: options.LimitOption = 0,
) -> None:
    """
    Write a raw data file as a .spacy file, for `python -m spacy train`, `evaluate` and all other commands.
    """
    with options.errors_as_messages():
        chosen = get_task(task)
        settings = options.reader_settings(context, chosen)
        chosen = options.task_of_gold(chosen, settings)
        check_output(output, inputs=[source])
        labels = convert(source, output, task=chosen, lang=lang, reader=settings, limit=limit)
    labels.show(f"{labels.labelled + labels.unlabelled:,} texts")
    msg.good(f"Wrote {output}")
