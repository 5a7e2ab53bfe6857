"""Predictions in Spark: the rows of a DataFrame, with columns for the predictions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import is_dataclass, replace
from typing import TYPE_CHECKING, Any, get_args, get_origin, get_type_hints

from ..errors import Errors, MissingPackageError
from .annotations import without_none
from .arrow import append_columns, arrow_schema, import_arrow, input_rows
from .loading import RowSettings, absolute_name
from .rows import PipelineRows

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame
    from pyspark.sql.types import DataType

_loaded: dict[str, PipelineRows] = {}
"""The pipelines of a Python worker of Spark, which outlives many tasks."""


def predict(
    df: DataFrame,
    pipeline: str,
    *,
    columns: Mapping[str, str] | None = None,
    task: str | None = None,
    prefix: str = "",
    batch_size: int | None = None,
) -> DataFrame:
    """Return a DataFrame with all columns of another one, and columns for a pipeline's predictions on each row.

    pipeline: name of an installed package, or a directory that the driver and every worker has. Each Python worker
    loads it once, with as many threads as Spark's tasks have cores (`spark.task.cpus`). columns, task, prefix,
    batch_size: see `PipelineRows`. A row that can't be read has a text in its column `error`.
    Raises ValueError or FileNotFoundError here, and not when the DataFrame is computed, for a pipeline that can't be
    loaded and for a column that is missing or there already.
    """
    types = _import_types()
    settings = RowSettings(
        pipeline=absolute_name(pipeline), columns=columns or {}, task=task, prefix=prefix, batch_size=batch_size
    )
    rows = settings.load()
    rows.check_columns({field.name: isinstance(field.dataType, types.StringType) for field in df.schema})
    fields = [types.StructField(name, spark_type(kind)) for name, kind in rows.outputs.items()]
    return df.mapInArrow(_mapper(settings), types.StructType([*df.schema.fields, *fields]))


def spark_type(annotation: Any) -> DataType:
    """Return the Spark type of a column's annotation: see `Results.columns`."""
    types = _import_types()
    annotation = without_none(annotation)
    simple = {str: types.StringType, int: types.LongType, float: types.DoubleType, bool: types.BooleanType}
    if annotation in simple:
        return simple[annotation]()
    if get_origin(annotation) is list:
        return types.ArrayType(spark_type(get_args(annotation)[0]))
    if get_origin(annotation) is dict:
        return types.MapType(*map(spark_type, get_args(annotation)))
    if is_dataclass(annotation):
        hints = get_type_hints(annotation)
        return types.StructType([types.StructField(name, spark_type(kind)) for name, kind in hints.items()])
    raise TypeError(annotation)


def _mapper(settings: RowSettings) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """Return the function that Spark sends to its workers."""

    def map_batches(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        rows = _rows_of_worker(settings)
        schema = arrow_schema(rows.outputs)
        for batch in batches:
            table = import_arrow().Table.from_batches([batch])
            predictions = rows.predict(input_rows(table, rows.columns.values()))
            yield from append_columns(table, predictions, schema).combine_chunks().to_batches()

    return map_batches


def _rows_of_worker(settings: RowSettings) -> PipelineRows:
    """Return the pipeline of this worker, for the cores and the GPU that Spark gives to its task."""
    from pyspark import TaskContext

    task = TaskContext.get()
    gpus = task.resources().get("gpu") if task is not None else None
    settings = replace(settings, gpu_id=int(gpus.addresses[0]) if gpus is not None else -1)
    key = repr(settings)
    if key not in _loaded:
        _loaded[key] = settings.load(threads=max(1, task.cpus() if task is not None else 1))
    return _loaded[key]


def _import_types() -> Any:
    """Return the module of Spark's types. Raises ImportError that says how to install it."""
    try:
        from pyspark.sql import types
    except ImportError as err:
        raise MissingPackageError(Errors.E587.format(package="pyspark", extra="spark")) from err
    return types
