"""`report`: an HTML file on what a pipeline can do, and where it fails."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from wasabi import msg

from . import options
from .output import check_output
from .recognition import open_scored


def report_cli(
    context: typer.Context,
    model: Annotated[str, typer.Argument(help="Name or directory of a trained pipeline")],
    data: Annotated[Path, typer.Argument(help="Data with gold, of any format of docs/data.md")],
    output: Annotated[Path, typer.Option("--output", "-o", help="HTML file to write", dir_okay=False)] = Path(
        "report.html"
    ),
    compare: Annotated[
        str | None, typer.Option("--compare", help="Name or directory of a second pipeline, to compare with")
    ] = None,
    log: Annotated[
        Path | None, typer.Option("--log", help="log.jsonl of the training; else the one beside the pipeline")
    ] = None,
    title: Annotated[str | None, typer.Option("--title", help="Title of the page")] = None,
    gpu_id: Annotated[int, typer.Option("--gpu-id", "-g", help="Number of the GPU; -1 for the CPU")] = -1,
    task: Annotated[str | None, options.TASK] = None,
    limit: options.LimitOption = 0,
    rows: Annotated[int, typer.Option("--rows", min=1, help="Number of texts in the error browser at most")] = 50_000,
) -> None:
    """
    Write a page on a trained pipeline: scores with intervals, confusions, calibration, thresholds, the curves of its
    training, and every mistake, to be looked at in any browser, without a network connection. With --compare, two
    pipelines on the same data. Without --task, the data is that of the pipeline's first BERT component.
    """
    from ..reporting.report import report

    with options.errors_as_messages():
        check_output(output, inputs=[data, Path(model)])
        nlp, given = open_scored(context, model, data, task, gpu_id)
        written = report(
            nlp,
            data,
            task=given.task,
            reader=given.reader,
            output=output,
            compare=compare,
            log=log,
            title=title,
            limit=limit,
            most_rows=rows,
        )
        msg.good(f"Wrote {written}")
