"""`convert`: raw files to spaCy's own format."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import spacy
import typer
from spacy.tokens import DocBin
from tqdm import tqdm  # type: ignore[import-untyped]
from wasabi import msg

from ..errors import Errors
from . import options
from .data import Columns, get_task, open_corpus
from .survey import LabelSurvey


def convert_cli(
    source: Annotated[Path, typer.Argument(metavar="INPUT", help="CSV, TSV or JSONL file; may end in .gz")],
    output: Annotated[Path, typer.Argument(help=".spacy file to write", dir_okay=False)],
    task: options.TaskOption = "textcat",
    lang: options.LangOption = "en",
    text: options.TextOption = "text",
    label: options.LabelOption = "label",
    label_separator: options.SeparatorOption = None,
    cats: options.CatsOption = None,
    premise: options.PremiseOption = "premise",
    hypothesis: options.HypothesisOption = "hypothesis",
    label_map: options.LabelMapOption = None,
    limit: options.LimitOption = 0,
) -> None:
    """
    Write a raw data file as a .spacy file, for `python -m spacy train`, `evaluate` and all other commands.
    """
    with options.errors_as_messages():
        columns = Columns.from_options(
            text=text,
            label=label,
            label_separator=label_separator,
            cats=cats,
            premise=premise,
            hypothesis=hypothesis,
            label_map=label_map,
        )
        labels = convert(source, output, task=task, lang=lang, columns=columns, limit=limit)
    labels.show(f"{labels.labelled + labels.unlabelled:,} texts")
    msg.good(f"Wrote {output}")


def convert(
    source: Path,
    output: Path,
    *,
    task: str = "textcat",
    lang: str = "en",
    columns: Columns | None = None,
    limit: int = 0,
) -> LabelSurvey:
    """Write the Docs of a data file as a DocBin, in their order.

    output: `.spacy` file; its folders are made. lang: whose tokenizer splits the texts. columns: see `Columns`.
    limit: the number of texts to read at most; 0 for all. Returns the labels, counted.
    Raises FileNotFoundError for a missing file, ValueError for an unknown task, another suffix and for
    what the reader can't read.
    """
    if output.suffix != ".spacy":
        raise ValueError(Errors.E507.format(path=output))
    gold = get_task(task).gold
    read = open_corpus(source, task, columns or Columns(), limit=limit)
    docs, labels = DocBin(store_user_data=True), LabelSurvey()
    for example in tqdm(read(spacy.blank(lang)), desc="Converting", unit=" texts", delay=1, leave=False, disable=None):
        docs.add(example.reference)
        labels.add(gold(example.reference))
    output.parent.mkdir(parents=True, exist_ok=True)
    docs.to_disk(output)
    return labels
