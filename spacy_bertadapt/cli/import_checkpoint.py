"""`import`: a pipeline from a fine-tuned checkpoint."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import Annotated

import typer
from wasabi import msg

from ..errors import Errors, ExistsError
from ..files import save_pipeline
from ..network.encoder_source import EncoderSource
from ..tasks import TRAINED, get_task
from . import options
from .base_options import check_new_name
from .hub import offline_without_network


def import_cli(
    checkpoint: Annotated[str, typer.Argument(help="Fine-tuned checkpoint: hub id, directory, or package:NAME")],
    output: Annotated[Path, typer.Argument(help="Directory of the pipeline to write", file_okay=False)],
    task: Annotated[str | None, options.TASK] = None,
    name: Annotated[
        str | None, typer.Option("--name", help="Name of the component, such as ner, which the hub recognizes")
    ] = None,
    lang: options.LangOption = "en",
    revision: Annotated[str | None, typer.Option("--revision", help="Branch, tag or commit of a hub id")] = None,
    problem_type: Annotated[
        str | None, typer.Option("--problem-type", help="What the outputs mean, where config.json does not say it")
    ] = None,
    force: Annotated[bool, typer.Option("--force", "-F", help="Replace a pipeline that is there")] = False,
) -> None:
    """
    Make a pipeline of a checkpoint that is already fine-tuned, with its labels and tokenizer. Without --task, the task
    is that of the class that the checkpoint names; a classifier with a label "entailment" is one of pairs.
    """
    with options.errors_as_messages():
        if not force and output.is_dir() and any(output.iterdir()):
            raise ExistsError(Errors.E558.format(path=output))
        check_new_name(name)
        chosen = None if task is None else get_task(task)
        offline_without_network(checkpoint)
        from ..exchange.importing import ImportRequest, import_checkpoint

        source = EncoderSource(checkpoint, revision)
        request = ImportRequest(source=source, task=chosen, name=name, lang=lang, problem_type=problem_type)
        nlp, meant = import_checkpoint(request, TRAINED.values())
        output.parent.mkdir(parents=True, exist_ok=True)
        save_pipeline(nlp, output)
    component = nlp.pipe_names[0]
    labels = ", ".join(nlp.pipe_labels[component]) or "none"
    licence = nlp.meta["license"] or "not named by the checkpoint"
    msg.table([("Task", meant.title), ("Component", component), ("Labels", labels), ("Licence", licence)])
    msg.good(f"Wrote {output}; use it:")
    msg.text(f"spacy.load({str(output)!r})({meant.example!r}).{meant.attribute}")
    msg.text(f"python -m spacy package {quote(str(output))} . --build wheel")
