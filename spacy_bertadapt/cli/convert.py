"""`convert`: raw files to spaCy's own format."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import spacy
import typer
from spacy.tokens import DocBin
from tqdm import tqdm  # type: ignore[import-untyped]
from wasabi import msg

from ..errors import Errors, InvalidError
from ..planning.data import ReaderSettings, get_task, open_corpus
from ..planning.survey import LabelSurvey
from . import options


def convert_cli(
    context: typer.Context,
    source: Annotated[Path, typer.Argument(metavar="INPUT", help="Raw file of the task; may end in .gz")],
    output: Annotated[Path, typer.Argument(help=".spacy file to write", dir_okay=False)],
    task: options.TaskOption = "textcat",
    lang: options.LangOption = "en",
    limit: options.LimitOption = 0,
) -> None:
    """
    Write a raw data file as a .spacy file, for `python -m spacy train`, `evaluate` and all other commands.
    """
    with options.errors_as_messages():
        settings = options.reader_settings(context)
        labels = convert(source, output, task=task, lang=lang, reader=settings, limit=limit)
    labels.show(f"{labels.labelled + labels.unlabelled:,} texts")
    msg.good(f"Wrote {output}")


def convert(
    source: Path,
    output: Path,
    *,
    task: str = "textcat",
    lang: str = "en",
    reader: ReaderSettings | None = None,
    limit: int = 0,
) -> LabelSurvey:
    """Write the Docs of a data file as a DocBin, in their order.

    output: `.spacy` file; its folders are made. lang: whose tokenizer splits the texts.
    reader: settings of the task's reader. limit: the number of texts to read at most; 0 for all.
    Returns the labels, counted.
    Raises FileNotFoundError for a missing file, ValueError for an unknown task or setting, another suffix and for
    what the reader can't read.
    """
    if output.suffix != ".spacy":
        raise InvalidError(Errors.E507.format(path=output))
    gold = get_task(task).gold
    read = open_corpus(source, task, reader or {}, limit=limit)
    docs, labels = DocBin(store_user_data=True), LabelSurvey()
    for example in tqdm(read(spacy.blank(lang)), desc="Converting", unit=" texts", delay=1, leave=False, disable=None):
        docs.add(example.reference)
        labels.add(gold(example.reference))
    output.parent.mkdir(parents=True, exist_ok=True)
    docs.to_disk(output)
    return labels
