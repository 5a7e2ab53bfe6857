"""Rows of Parquet files, and of folders that Hugging Face's `datasets` saves; both may name what integers stand for."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import Errors, InvalidError, MissingPackageError
from .json_rows import KeyedRows

if TYPE_CHECKING:
    import pyarrow as pa

ROWS_AT_ONCE = 1000
MAGIC = b"PAR1"
DATASET_INFO, DATASET_STATE = "dataset_info.json", "state.json"


def is_parquet(path: Path) -> bool:
    """Return whether a file begins as Parquet does."""
    with path.open("rb") as stream:
        return stream.read(len(MAGIC)) == MAGIC


def is_dataset(path: Path) -> bool:
    """Return whether a folder is one that `Dataset.save_to_disk` wrote."""
    return (path / DATASET_INFO).is_file() and (path / DATASET_STATE).is_file()


def read_parquet(path: Path) -> KeyedRows:
    """Yield the rows of a Parquet file, or of a saved dataset. Integers with names become these names.

    Raises InvalidError for a damaged file, ImportError without pyarrow.
    """
    arrow = _pyarrow(path)
    names = class_names(path)
    try:
        number = 0
        for batch in _batches(path):
            for values in batch.to_pylist():
                number += 1
                yield number, {**values, **{key: _named(values[key], names[key]) for key in names}}
    except (arrow.ArrowInvalid, OSError) as error:
        raise InvalidError(Errors.C051.format(path=path, reason=" ".join(str(error).split()))) from error


def class_names(path: Path) -> dict[str, list[str]]:
    """Return the names that the integers of columns stand for, as `datasets` keeps them; none where it says nothing."""
    names: dict[str, list[str]] = {}
    for key, feature in _features(path).items():
        inner = feature if isinstance(feature, Mapping) else {}
        while isinstance(inner, Mapping) and "feature" in inner:  # of a list
            inner = inner["feature"]
        inner = inner[0] if isinstance(inner, list) and inner else inner
        if isinstance(inner, Mapping) and isinstance(inner.get("names"), list):
            names[key] = [str(name) for name in inner["names"]]
    return names


def _features(path: Path) -> dict[str, Any]:
    if path.is_dir():
        return json.loads((path / DATASET_INFO).read_text(encoding="utf8")).get("features") or {}
    import pyarrow.parquet as pq

    metadata = pq.read_schema(path).metadata or {}
    kept = json.loads(metadata.get(b"huggingface", b"{}"))
    return (kept.get("info") or {}).get("features") or {}


def _named(value: Any, names: list[str]) -> Any:
    """Return the name of an integer, or those of a list; -1 and null, which stand for no label, become null."""
    if isinstance(value, list):
        return [_named(item, names) for item in value]
    return names[value] if isinstance(value, int) and 0 <= value < len(names) else None


def _batches(path: Path) -> Iterator[pa.RecordBatch]:
    if not path.is_dir():
        import pyarrow.parquet as pq

        with pq.ParquetFile(path) as file:
            yield from file.iter_batches(batch_size=ROWS_AT_ONCE)
        return
    from pyarrow import ipc

    state = json.loads((path / DATASET_STATE).read_text(encoding="utf8"))
    for part in state["_data_files"]:
        with ipc.open_stream(path / part["filename"]) as stream:
            yield from stream


def _pyarrow(path: Path) -> Any:
    try:
        import pyarrow
    except ImportError as error:
        raise MissingPackageError(Errors.C052.format(path=path)) from error
    return pyarrow
