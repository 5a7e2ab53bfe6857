"""`apply`: predictions for the rows of files."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Annotated

import typer
from tqdm import tqdm  # type: ignore[import-untyped]
from wasabi import msg

from ..errors import Warnings, require
from . import options

if TYPE_CHECKING:
    from ..serving.apply import ApplyRequest, Summary

INTERRUPTED = 130  # the exit code of a process that was ended by Ctrl-C


class EngineName(str, Enum):
    """Where rows are predicted."""

    local = "local"
    ray = "ray"


class FormatName(str, Enum):
    """Formats of files of rows."""

    parquet = "parquet"
    jsonl = "jsonl"
    csv = "csv"


def apply_cli(
    pipeline: Annotated[str, typer.Argument(help="Name or directory of a trained pipeline")],
    source: Annotated[
        str, typer.Argument(metavar="INPUT", help="File, folder, pattern or URL of .parquet, .jsonl or .csv")
    ],
    output: Annotated[str, typer.Argument(help="Folder for a file for each input; or a file, for one input")],
    columns: Annotated[
        list[str] | None,
        typer.Option("--columns", "-c", help="Column of an input, such as text=review; may be repeated"),
    ] = None,
    task: Annotated[
        str | None, typer.Option("--task", "-t", help="Task whose predictions are wanted, of several")
    ] = None,
    prefix: Annotated[str, typer.Option("--prefix", help="What the names of the predictions' columns begin with")] = "",
    output_format: Annotated[
        FormatName | None, typer.Option("--output-format", help="Format of the outputs; else that of each input")
    ] = None,
    engine: Annotated[EngineName, typer.Option("--engine", help="This machine, or a Ray cluster")] = EngineName.local,
    workers: Annotated[
        int | None,
        typer.Option("--workers", "-w", min=1, help="Processes, each with the pipeline; on GPUs one for each"),
    ] = None,
    gpu_id: Annotated[
        int, typer.Option("--gpu-id", "-g", help="Number of the (first) GPU; -1: as the config says")
    ] = -1,
    batch_size: Annotated[
        int | None, typer.Option("--batch-size", min=1, help="Rows that are sorted by length together; else 1,000")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", "-R", help="Go on with an interrupted run")] = False,
    force: Annotated[bool, typer.Option("--force", "-F", help="Replace an earlier run")] = False,
) -> None:
    """
    Predict the rows of Parquet, JSONL or CSV files: each output has the rows of its input, in order, with columns for
    the predictions, and one named `error` that says why a row could not be read.
    """
    with options.errors_as_messages():
        from ..serving.apply import BATCH_SIZE, ApplyRequest
        from ..serving.loading import RowSettings, absolute_name

        settings = RowSettings(
            pipeline=absolute_name(pipeline),
            columns=dict(map(_parse_column, columns or ())),
            task=task,
            prefix=prefix,
            batch_size=batch_size or BATCH_SIZE,
            gpu_id=gpu_id,
        )
        request = ApplyRequest(
            settings=settings,
            source=source,
            output=output,
            engine=engine.value,
            workers=workers,
            output_format=output_format.value if output_format else None,
            resume=resume,
            force=force,
        )
        try:
            summary = _apply(request)
        except KeyboardInterrupt:
            msg.warn("Interrupted. Go on with the same command and --resume")
            raise typer.Exit(INTERRUPTED) from None
    _show(summary, output)


def _apply(request: ApplyRequest) -> Summary:
    """Apply the pipeline, with a progress bar."""
    from ..serving.apply import apply

    with tqdm(desc="Predicting", unit=" rows", delay=1, leave=False, disable=None) as bar:
        return apply(request, on_start=bar.reset, on_rows=bar.update)


def _parse_column(text: str) -> tuple[str, str]:
    """Return an input and the column that it is in."""
    name, equals, column = text.partition("=")
    require("--columns", text, possible=bool(name and equals and column), remedy="write INPUT=COLUMN, as text=review")
    return name, column


def _show(summary: Summary, output: str) -> None:
    """Print what was done, and exit with 1 if a file failed."""
    for reason in summary.failed.values():
        msg.fail(reason)
    if summary.errors:
        msg.warn(Warnings.W580.format(errors=summary.errors, rows=summary.rows))
    speed = summary.rows / summary.seconds if summary.seconds else 0.0
    files = f"{summary.files:,} {'file' if summary.files == 1 else 'files'}"
    if summary.files or not summary.failed:
        msg.good(f"Wrote {files} to {output}: {summary.rows:,} rows in {summary.seconds:,.1f} s ({speed:,.0f} rows/s)")
    if summary.skipped or summary.earlier:
        msg.info(f"{summary.skipped:,} files, and {summary.earlier:,} rows in all, were there from an earlier run")
    if summary.failed:
        raise typer.Exit(1)
