"""`debug-data`: possible faults of training data, before anything is trained on it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from wasabi import msg

from ..fitting.recognized import task_of_docs
from ..planning.data_report import report_data
from . import options
from .hub import offline_without_network
from .recognition import recognize_file


def debug_data_cli(
    context: typer.Context,
    train: Annotated[Path, typer.Option("--train", help="Training data, of any format of docs/data.md")],
    dev: Annotated[Path, typer.Option("--dev", help="Evaluation data, likewise")],
    task: Annotated[str | None, options.TASK_OR_RECOGNIZED] = None,
    encoder: Annotated[
        str | None, typer.Option("--encoder", "-e", help="Whose subwords to count: hub id, directory, or package:NAME")
    ] = None,
    max_length: Annotated[int, typer.Option("--max-length", min=0, help="Subwords of a window; 0: all it takes")] = 0,
    lang: options.LangOption = "en",
    regression: options.RegressionOption = False,
) -> None:
    """
    Look for what may be wrong with training and evaluation data: labels, lengths, texts that are in both files, and
    entities that cut tokens, border on punctuation, or don't fit a window. `spacy debug data` doesn't know these
    factories. Lengths in subwords, and what doesn't fit a window, are told where an encoder is named.
    """
    with options.errors_as_messages():
        data = recognize_file(train, task, options.reader_arguments(context))
        chosen = task_of_docs(data, [train, dev], regression=regression)
        if encoder is None:
            msg.info("No lengths in subwords: name the encoder whose tokenizer is to count them, as -e ENCODER")
        else:
            offline_without_network(encoder)
        report = report_data(
            train,
            dev,
            task=chosen,
            encoder=encoder,
            max_length=max_length,
            lang=lang,
            reader=data.reader,
        )
    report.show()
