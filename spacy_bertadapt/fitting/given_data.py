"""Data as Python has them: frames, data sets, lists and Docs become files, which training, scores and reports read."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any, TypeAlias

from spacy.tokens import Doc, DocBin
from spacy.training import Example

from ..errors import Errors, InvalidError, MissingPackageError

Data: TypeAlias = Any
"""A path, a frame of pandas or polars, a data set of Hugging Face's `datasets`, or an iterable of rows or Docs."""

HUB = "hf:"
PAIR = 2


def as_file(data: Data, folder: Path, name: str) -> Path:
    """Return the path of data, which are written to a folder if they are no file yet.

    data: a path; "hf:NAME" or "hf:NAME:SPLIT", a data set of the Hugging Face Hub; a frame of pandas or polars; a data
    set of `datasets`; or an iterable of dictionaries, of texts with their labels as pairs, of Docs, or of Examples.
    folder: is made when it is needed. name: of the file, without its suffix.
    Raises ValueError for anything else, and for data without rows; ImportError for a hub's name without `datasets`.
    """
    if isinstance(data, Path) or (isinstance(data, str) and not data.startswith(HUB)):
        return Path(data)
    rows = iter(_rows_of(_loaded(data) if isinstance(data, str) else data, name))
    first = next(rows, None)
    if first is None:
        raise InvalidError(Errors.E690.format(name=name, what="has no rows"))
    folder.mkdir(parents=True, exist_ok=True)
    rows = chain([first], rows)
    if isinstance(first, Doc | Example):
        docs = DocBin(store_user_data=True, docs=(_reference(row, name) for row in rows))
        docs.to_disk(folder / f"{name}.spacy")
        return folder / f"{name}.spacy"
    path = folder / f"{name}.jsonl"
    with path.open("w", encoding="utf8") as stream:
        for row in rows:
            stream.write(json.dumps(_row(row, name), ensure_ascii=False) + "\n")
    return path


def _rows_of(data: Any, name: str) -> Iterable[Any]:
    """Return the rows of data of any kind."""
    library = type(data).__module__.partition(".")[0]
    if library == "datasets":
        return _of_dataset(data, name)
    if library == "pandas":
        return data.to_dict("records")
    if library == "polars":
        return (data.collect() if hasattr(data, "collect") else data).iter_rows(named=True)
    if isinstance(data, Mapping | bytes) or not isinstance(data, Iterable):
        raise InvalidError(Errors.E690.format(name=name, what=f"is {type(data).__name__}"))
    return data


def _of_dataset(data: Any, name: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of a data set, with names in the place of integers that have some."""
    if isinstance(data, Mapping):
        raise InvalidError(Errors.E691.format(name=name, splits=", ".join(map(repr, data))))
    namers = {key: namer for key, feature in data.features.items() if (namer := _namer(feature)) is not None}
    for row in data:
        yield {**row, **{key: namer(row[key]) for key, namer in namers.items()}}


def _namer(feature: Any) -> Callable[[Any], Any] | None:
    """Return a function that names integers of a feature, or lists of them; None if they have no names."""
    feature = feature[0] if isinstance(feature, list) else feature
    inner = getattr(feature, "feature", feature)
    names = getattr(inner, "names", None)
    if names is None:
        return None

    def name(value: Any) -> Any:
        if isinstance(value, list):
            return [name(item) for item in value]
        return names[value] if value is not None and value >= 0 else None

    return name


def _loaded(source: str) -> Any:
    """Return a data set of the Hugging Face Hub."""
    try:
        from datasets import load_dataset
    except ImportError as error:
        raise MissingPackageError(Errors.E692.format(name=source)) from error
    name, _, split = source.removeprefix(HUB).partition(":")
    try:
        return load_dataset(name, split=split or None)
    except Exception as error:  # whatever the library, the network and the data set's own files raise
        reason = f"{type(error).__name__}: {' '.join(str(error).split())}"
        raise InvalidError(Errors.E693.format(name=source, reason=reason[:300])) from error


def _reference(row: Any, name: str) -> Doc:
    if isinstance(row, Example):
        return row.reference
    if not isinstance(row, Doc):
        raise InvalidError(Errors.E690.format(name=name, what=f"has both Docs and {type(row).__name__}"))
    return row


def _row(row: Any, name: str) -> dict[str, Any]:
    """Return a row as JSON has it: a dictionary, or a text with its label."""
    if isinstance(row, Mapping):
        return {str(key): _plain(value) for key, value in row.items()}
    if isinstance(row, tuple | list) and len(row) == PAIR and isinstance(row[0], str):
        text, gold = row
        if isinstance(gold, Mapping) and "entities" in gold:
            spans = [{"start": start, "end": end, "label": label} for start, end, label in gold["entities"]]
            return {"text": text, "spans": spans}
        return {"text": text, **_plain(gold)} if isinstance(gold, Mapping) else {"text": text, "label": _plain(gold)}
    raise InvalidError(Errors.E690.format(name=name, what=f"has a row that is {row!r:.80}"))


def _plain(value: Any) -> Any:
    """Return a value as JSON has it; what is missing is null."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if hasattr(value, "tolist"):  # of numpy
        return _plain(value.tolist())
    if isinstance(value, list | tuple | set):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if isinstance(value, str | int | float | bool | None) else str(value)
