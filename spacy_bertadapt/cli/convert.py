"""`convert`: raw files to spaCy's own format."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from wasabi import msg

from ..planning.conversion import convert
from . import options
from .output import check_output
from .recognition import recognize_file


def convert_cli(
    context: typer.Context,
    source: Annotated[Path, typer.Argument(metavar="INPUT", help="Data of any format of docs/data.md")],
    output: Annotated[Path, typer.Argument(help=".spacy file to write", dir_okay=False)],
    task: Annotated[str | None, options.TASK_OR_RECOGNIZED] = None,
    lang: options.LangOption = "en",
    limit: options.LimitOption = 0,
) -> None:
    """
    Write a raw data file as a .spacy file, for `python -m spacy train`, `evaluate` and all other commands.
    """
    with options.errors_as_messages():
        check_output(output, inputs=[source])
        data = recognize_file(source, task, options.reader_arguments(context))
        labels = convert(source, output, task=data.task, lang=lang, reader=data.reader, limit=limit)
    labels.show(f"{labels.labelled + labels.unlabelled:,} texts")
    msg.good(f"Wrote {output}")
