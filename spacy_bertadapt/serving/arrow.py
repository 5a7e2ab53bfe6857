"""The types and the columns of predictions in Arrow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import is_dataclass
from typing import TYPE_CHECKING, Any, get_args, get_origin, get_type_hints

from ..errors import Errors, MissingPackageError
from .annotations import without_none

if TYPE_CHECKING:
    import pyarrow as pa


def import_arrow() -> Any:
    """Return pyarrow. Raises ImportError that says how to install it."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as err:
        raise MissingPackageError(Errors.E587.format(package="pyarrow", extra="parquet")) from err
    return pyarrow


def arrow_type(annotation: Any) -> pa.DataType:
    """Return the Arrow type of a column's annotation: see `Results.columns`. All are nullable."""
    pa = import_arrow()
    annotation = without_none(annotation)
    simple = {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_()}
    if annotation in simple:
        return simple[annotation]
    if get_origin(annotation) is list:
        return pa.list_(arrow_type(get_args(annotation)[0]))
    if get_origin(annotation) is dict:
        return pa.map_(*map(arrow_type, get_args(annotation)))
    if is_dataclass(annotation):
        return pa.struct([(name, arrow_type(kind)) for name, kind in get_type_hints(annotation).items()])
    raise TypeError(annotation)


def arrow_schema(outputs: Mapping[str, Any]) -> pa.Schema:
    """Return the schema of the written columns."""
    return import_arrow().schema([(name, arrow_type(kind)) for name, kind in outputs.items()])


def append_columns(table: pa.Table, predictions: Sequence[Mapping[str, Any]], schema: pa.Schema) -> pa.Table:
    """Return a table with the predictions on its rows. schema: of the written columns."""
    pa = import_arrow()
    for field in schema:
        values = [_pairs(row[field.name]) if pa.types.is_map(field.type) else row[field.name] for row in predictions]
        table = table.append_column(field, pa.array(values, type=field.type))
    return table


def text_columns(schema: pa.Schema) -> dict[str, bool]:
    """Return the names of a table's columns, and whether each holds strings."""
    return {field.name: _holds_text(field.type) for field in schema}


def input_rows(table: pa.Table, columns: Iterable[str]) -> list[dict[str, Any]]:
    """Return the rows of a table as dicts, with some of its columns."""
    rows: list[dict[str, Any]] = table.select(list(columns)).to_pylist()
    return rows


def _holds_text(kind: pa.DataType) -> bool:
    pa = import_arrow()
    if pa.types.is_dictionary(kind):
        return _holds_text(kind.value_type)
    is_view = getattr(pa.types, "is_string_view", lambda _: False)(kind)
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or is_view)


def _pairs(value: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return list(value.items())
