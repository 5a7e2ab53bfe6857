"""Predictions in Ray Data: `dataset.map_batches(Predictor, …)`, CPU or GPU, with Arrow in and out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from .arrow import append_columns, arrow_schema, input_rows, text_columns
from .loading import RowSettings
from .rows import PipelineRows

if TYPE_CHECKING:
    import pyarrow as pa


class Predictor:
    """Appends a pipeline's predictions to batches of rows.

    It is what `ray.data.Dataset.map_batches` takes, with `batch_format="pyarrow"`: each actor loads the pipeline once,
    and has as many threads as Ray assigned cores to it, so that actors don't slow each other.
    """

    def __init__(
        self,
        pipeline: str,
        *,
        columns: Mapping[str, str] | None = None,
        task: str | None = None,
        prefix: str = "",
        batch_size: int | None = None,
    ):
        """Load the pipeline, on the GPU that Ray assigned, if it did.

        pipeline: name of an installed package, or a directory that every machine has. Others: see `PipelineRows`.
        Raises FileNotFoundError or ValueError if it can't be loaded.
        """
        settings = RowSettings(
            pipeline=pipeline, columns=columns or {}, task=task, prefix=prefix, batch_size=batch_size
        )
        self._rows = load_in_actor(settings)
        self._schema = arrow_schema(self._rows.outputs)

    def __call__(self, batch: pa.Table) -> pa.Table:
        """Return a batch with the columns of the predictions. Raises ValueError for a column that is missing."""
        self._rows.check_columns(text_columns(batch.schema))
        predictions = self._rows.predict(input_rows(batch, self._rows.columns.values()))
        return append_columns(batch, predictions, self._schema)


def load_in_actor(settings: RowSettings) -> PipelineRows:
    """Load a pipeline in an actor or a task of Ray, for the cores and the GPU that Ray assigned to it."""
    import ray

    assigned = ray.get_runtime_context().get_assigned_resources()
    gpu_id = 0 if assigned.get("GPU", 0) > 0 else -1  # the one that the process sees
    return replace(settings, gpu_id=gpu_id).load(threads=max(1, int(assigned.get("CPU", 1))))
