"""Options that several commands share, and how commands fail."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from wasabi import msg

TaskOption = Annotated[str, typer.Option("--task", "-t", help="What the data is for: textcat, nli")]
LangOption = Annotated[str, typer.Option("--lang", "-l", help="Language code of the texts")]
TextOption = Annotated[str, typer.Option("--text", help="Column of the text: a name, a number from 0, a JSONL key")]
LabelOption = Annotated[str, typer.Option("--label", help="Column of the label, likewise")]
PremiseOption = Annotated[str, typer.Option("--premise", help="Column of the premise, likewise")]
HypothesisOption = Annotated[str, typer.Option("--hypothesis", help="Column of the hypothesis, likewise")]
LabelMapOption = Annotated[
    str | None, typer.Option("--label-map", help="Other names for labels of pairs: e=entailment,n=neutral")
]
SeparatorOption = Annotated[str | None, typer.Option("--label-separator", help="Splits a string of several labels")]
CatsOption = Annotated[str | None, typer.Option("--cats", help="JSONL key of an object {label: value}")]
LimitOption = Annotated[int, typer.Option("--limit", "-n", min=0, help="Number of texts to read at most; 0 for all")]


@contextmanager
def errors_as_messages() -> Iterator[None]:
    """Show an error that has a code in one paragraph, and exit with 1; any other keeps its traceback."""
    try:
        yield
    except (ValueError, OSError, ImportError) as err:
        if not str(err).startswith("["):
            raise
        msg.fail(str(err), exits=1)
