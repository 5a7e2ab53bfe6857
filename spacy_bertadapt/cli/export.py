"""`export`: a checkpoint for Transformers from a pipeline."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from wasabi import msg

from ..evaluation.pipelines import load_pipeline
from ..tasks import TRAINED
from . import options


def export_cli(
    pipeline: Annotated[str, typer.Argument(help="Name or directory of a trained pipeline")],
    output: Annotated[Path, typer.Argument(help="Directory of the checkpoint to write", file_okay=False)],
    component: Annotated[
        str | None, typer.Option("--component", "-c", help="Name of the component, if there are several")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", "-F", help="Replace the files of a checkpoint that is there")
    ] = False,
) -> None:
    """
    Write a component's network as a checkpoint that Transformers loads, with a model card. `import` makes a pipeline
    of it again, with the component's settings.
    """
    with options.errors_as_messages():
        nlp = load_pipeline(pipeline)
        from ..exchange.exporting import export_component, find_component

        name, task = find_component(nlp, component, TRAINED.values())
        output.parent.mkdir(parents=True, exist_ok=True)
        export_component(nlp, name, task, output, force=force)
    msg.good(f"Wrote {output}: '{name}' ({task.title}) as a checkpoint; README.md says how it is used")
