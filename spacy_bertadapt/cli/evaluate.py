"""`evaluate`: every score there is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import srsly
import typer
from spacy import util
from spacy.cli._util import setup_gpu
from wasabi import msg

from ..errors import Errors, InvalidError
from ..planning.data import ReaderSettings, open_corpus
from . import options
from .scores import show_scores


def evaluate_cli(
    context: typer.Context,
    model: Annotated[str, typer.Argument(help="Name or directory of a trained pipeline")],
    data: Annotated[Path, typer.Argument(help="Data to score on: .spacy, or a raw file of the task")],
    output: Annotated[Path | None, typer.Option("--output", "-o", help="JSON file to write", dir_okay=False)] = None,
    gpu_id: Annotated[int, typer.Option("--gpu-id", "-g", help="Number of the GPU; -1 for the CPU")] = -1,
    task: options.TaskOption = "textcat",
    limit: options.LimitOption = 0,
) -> None:
    """
    Score a trained pipeline and print every score its components give, also those that `python -m spacy evaluate`
    has no name for.
    """
    with options.errors_as_messages():
        settings = options.reader_settings(context)
        scores = evaluate(model, data, task=task, reader=settings, limit=limit, gpu_id=gpu_id)
    show_scores(scores)
    if output is not None:
        output.parent.mkdir(parents=True, exist_ok=True)
        srsly.write_json(output, scores)
        msg.good(f"Wrote {output}")


def evaluate(
    model: str,
    data: Path,
    *,
    task: str = "textcat",
    reader: ReaderSettings | None = None,
    limit: int = 0,
    gpu_id: int = -1,
) -> Mapping[str, Any]:
    """Score a pipeline; returns what `nlp.evaluate` does.

    model: name or directory. data: `.spacy`, or a raw file of the task. reader: settings of the task's reader.
    limit: the number of texts to read at most; 0 for all. gpu_id: spaCy's GPU; -1 for the CPU.
    Raises FileNotFoundError for missing data, OSError for a missing pipeline, ValueError for an unknown task, for what
    the reader can't read and for data without texts.
    """
    read = open_corpus(data, task, reader or {}, limit=limit)
    setup_gpu(gpu_id, silent=True)
    nlp = util.load_model(model)
    examples = list(read(nlp))
    if not examples:
        raise InvalidError(Errors.E506.format(path=data))
    return nlp.evaluate(examples)
