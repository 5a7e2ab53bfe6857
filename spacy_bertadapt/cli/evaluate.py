"""`evaluate`: every score there is."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import srsly
import typer
from spacy.cli._util import setup_gpu
from wasabi import msg

from ..evaluation.evaluate import evaluate
from ..tasks import get_task
from . import options
from .output import check_output
from .scores import show_scores


def evaluate_cli(
    context: typer.Context,
    model: Annotated[str, typer.Argument(help="Name or directory of a trained pipeline")],
    data: Annotated[Path, typer.Argument(help="Data to score on: .spacy, or a raw file of the task")],
    output: Annotated[Path | None, typer.Option("--output", "-o", help="JSON file to write", dir_okay=False)] = None,
    gpu_id: Annotated[int, typer.Option("--gpu-id", "-g", help="Number of the GPU; -1 for the CPU")] = -1,
    task: options.TaskOption = options.DEFAULT_TASK,
    limit: options.LimitOption = 0,
) -> None:
    """
    Score a trained pipeline and print every score its components give, also those that `python -m spacy evaluate`
    has no name for.
    """
    with options.errors_as_messages():
        chosen = get_task(task)
        settings = options.reader_settings(context, chosen)
        if output is not None:
            check_output(output)
        setup_gpu(gpu_id, silent=True)
        scores = evaluate(model, data, task=chosen, reader=settings, limit=limit)
        show_scores(scores)
        if output is not None:
            output.parent.mkdir(parents=True, exist_ok=True)
            srsly.write_json(output, scores)
            msg.good(f"Wrote {output}")
