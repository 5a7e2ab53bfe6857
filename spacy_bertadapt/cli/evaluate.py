"""`evaluate`: every score there is."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import srsly
import typer
from wasabi import msg

from ..evaluation.evaluate import evaluate
from . import options
from .output import check_output
from .recognition import open_scored
from .scores import show_scores


def evaluate_cli(
    context: typer.Context,
    model: Annotated[str, typer.Argument(help="Name or directory of a trained pipeline")],
    data: Annotated[Path, typer.Argument(help="Data to score on, of any format of docs/data.md")],
    output: Annotated[Path | None, typer.Option("--output", "-o", help="JSON file to write", dir_okay=False)] = None,
    gpu_id: Annotated[int, typer.Option("--gpu-id", "-g", help="Number of the GPU; -1 for the CPU")] = -1,
    task: Annotated[str | None, options.TASK] = None,
    limit: options.LimitOption = 0,
) -> None:
    """
    Score a trained pipeline and print every score its components give, also those that `python -m spacy evaluate`
    has no name for. Without --task, the data is that of the pipeline's first BERT component.
    """
    with options.errors_as_messages():
        if output is not None:
            check_output(output, inputs=[data, Path(model)])
        nlp, given = open_scored(context, model, data, task, gpu_id)
        scores = evaluate(nlp, data, task=given.task, reader=given.reader, limit=limit)
        show_scores(scores)
        if output is not None:
            output.parent.mkdir(parents=True, exist_ok=True)
            srsly.write_json(output, scores)
            msg.good(f"Wrote {output}")
