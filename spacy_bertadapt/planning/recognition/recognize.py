"""The recognition of a file: its format, its task, and the settings that its reader needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ...errors import Errors, NotRecognizedError
from ...readers.lines import plain_suffix
from ...readers.recognition import TOLD_BY_LOOK, Look
from ...readers.recognition import recognize as recognize_look
from ...readers.rows import FORMATS, KEYED
from ..data_files import check_data, is_docbin
from .annotations import (
    NER,
    QA,
    SPANCAT,
    has_tags,
    recognize_conll,
    recognize_docbin,
    recognize_spans,
    recognize_token_lists,
)
from .columns import Column
from .samples import Table, sample_keyed, sample_lines
from .shape import DataShape, Said
from .tables import TableReading

TAB = "\t"
MARKS = {",": "commas", ";": "semicolons", "|": "bars", TAB: "tabs"}
TSV, CSV = Look("tsv"), Look("csv")
QUESTION, CONTEXT, ANSWERS = "question", "context", "answers"


def recognize_data(path: Path, *, task: str | None = None, said: Said | None = None) -> DataShape:
    """Return what a data file is, and what has to be asked.

    task: its name, if it is given. said: settings of its reader that are given, as texts.
    Raises FileNotFoundError for missing data, and ValueError for a file that nothing is recognized of, or that its
    format's reader can't read.
    """
    said = said or {}
    check_data(path)
    if is_docbin(path):
        return recognize_docbin(path, task=task)
    look = recognize_look(path)
    if (look is not None and look.name in ("conll", "conllu")) or (look in (None, TSV, CSV) and has_tags(path)):
        return recognize_conll(path, task=task, said=said)
    if look is not None and look.name == "squad":
        return DataShape(look.title, QA)
    format = said.get("format") or _keyed_format(path, look)
    if format is not None and format in KEYED:
        return _recognize_keyed(path, format, look, task=task, said=said)
    table = sample_lines(path, format=said.get("format"), separator=said.get("separator"))
    if table is None or not table.columns:
        raise NotRecognizedError(Errors.E680.format(path=path, title=f" It looks like {look.title}." if look else ""))
    mark = table.settings.get("separator", TAB if table.settings["format"] == "tsv" else ",")
    title = f"a table with {MARKS.get(mark, repr(mark))} between its fields"
    shape = TableReading(title, _as_said(table, said), task=task, said=said).shape()
    return replace(shape, settings=_without_defaults(path, shape.settings))


def _without_defaults(path: Path, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings without those that the file's name says."""
    format, separator = settings.get("format"), settings.get("separator", ",")
    left = {} if separator == "," else {"separator": separator}
    if FORMATS.get(plain_suffix(path)) != format:
        left["format"] = format
    return {**left, **{name: value for name, value in settings.items() if name not in ("format", "separator")}}


def _keyed_format(path: Path, look: Look | None) -> str | None:
    """Return the format of rows with keys that a file has; None for a table of lines."""
    if look is not None and look.name in TOLD_BY_LOOK:
        return TOLD_BY_LOOK[look.name]
    if look is not None and look.name in ("jsonl", "flat squad"):
        return "jsonl"
    if look is not None and look.name in ("json", "rows in an object"):
        return "json"
    if look is not None and look.name == "token lists":
        return "json" if _begins_with_list(path) else "jsonl"
    named = FORMATS.get(plain_suffix(path))
    return named if named in KEYED else None


def _begins_with_list(path: Path) -> bool:
    from ...readers.lines import read_lines

    return next((line.lstrip().startswith("[") for _, line in read_lines(path) if line.strip()), False)


def _recognize_keyed(path: Path, format: str, look: Look | None, *, task: str | None, said: Said) -> DataShape:
    title = look.title if look is not None else format
    table = sample_keyed(path, format)
    written = {} if FORMATS.get(plain_suffix(path)) == format or path.is_dir() else {"format": format}
    names = {column.name for column in table.columns}
    if {QUESTION, CONTEXT, ANSWERS} <= names and task in (None, QA):
        return DataShape(title, QA, settings=written, facts=["question, context, answers"])
    shape = (
        (recognize_token_lists(title, table, said=said) if task in (None, NER) else None)
        or (recognize_spans(title, table, task=task) if task in (None, NER, SPANCAT) else None)
        or TableReading(title, _prepared(table, format, said), task=task, said=said).shape()
    )
    return replace(shape, settings={**written, **shape.settings})


def _prepared(table: Table, format: str, said: Said) -> Table:
    """Return a table whose settings say what the format's rows need besides."""
    answers = next((column for column in table.columns if column.name == "answer"), None)
    labels = next((column for column in table.columns if column.name == "label"), None)
    is_binary = (
        format == "prodigy"
        and "rejected" not in said
        and answers is not None
        and labels is not None
        and labels.are_strings
        and len(labels.counts) == 1
        and "reject" in answers.counts
    )
    return Table(table.columns, {**table.settings, **({"rejected": True} if is_binary else {})})


def _as_said(table: Table, said: Said) -> Table:
    """Return a table with the header that was said to be there, or not."""
    header = said.get("header")
    if header is None or table.has_header is (header == "true"):
        return Table(
            table.columns, {**table.settings, **({"header": True} if header == "true" else {})}, table.has_header
        )
    if header == "true":
        return Table(table.columns, {**table.settings, "header": True}, True)
    columns = [Column(number, [str(column.name), *column.values]) for number, column in enumerate(table.columns)]
    return Table(columns, {**table.settings, "header": False}, False)
