"""A pipeline applied to files: each gets a file of its rows with predictions."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from ..errors import BertadaptError, InvalidError
from .column_names import check_data_columns
from .columns import ERROR
from .engines.engine import Engine, LocalEngine
from .file_stream import Begin, Damaged, End, FileStream, Rows
from .files.inputs import find_inputs
from .files.layout import Layout, Target, check_earlier, plan_outputs
from .files.manifest import Manifest
from .files.outputs import Output
from .files.reading import known_rows, naming
from .files.row_reader import RowReader
from .loading import Description, RowSettings, describe

EngineName = Literal["local", "ray"]
BATCH_SIZE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyRequest:
    """What is to be done.

    settings: of the pipeline. source: file, folder, pattern or URL. output: a folder, or a file for one file.
    output_format: "parquet", "jsonl" or "csv"; None: that of each input. workers: processes; None: one locally, and
    with Ray as many as there is room for. resume: whether to go on with an earlier run. force: whether to replace it.
    """

    settings: RowSettings
    source: str
    output: str
    engine: EngineName = "local"
    workers: int | None = None
    output_format: str | None = None
    resume: bool = False
    force: bool = False


@dataclass(slots=True)
class Summary:
    """What was done.

    files, skipped: outputs that were made, and that were there. rows, errors: how many were predicted, and how many of
    these are bad. earlier: rows that an earlier run had predicted. failed: by the name of a file, why it has no output.
    seconds: without the loading.
    """

    files: int = 0
    skipped: int = 0
    rows: int = 0
    errors: int = 0
    earlier: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0


def apply(
    request: ApplyRequest,
    *,
    on_start: Callable[[int | None], object] = lambda rows: None,
    on_rows: Callable[[int], object] = lambda rows: None,
) -> Summary:
    """Predict the rows of files.

    on_start: is told, when the pipeline is loaded, how many rows there are, where the files say so at once. on_rows: is
    told how many rows more are predicted, also by an earlier run. A file that can't be read is in the summary, and the
    others are done. Raises FileNotFoundError or ValueError for inputs, outputs and pipelines that can't be used,
    OSError if an output can't be written, RuntimeError if a process fails again and again. What is finished is kept.
    """
    files = find_inputs(request.source)
    layout = plan_outputs(files, request.output, format=request.output_format)
    check_earlier(layout, resume=request.resume, force=request.force)
    with start_engine(request) as engine:
        run = _Run(request, layout, engine, on_rows)
        on_start(known_rows([target.source for target in layout.targets]))
        return run.run()


def start_engine(request: ApplyRequest) -> Engine:
    """Return the engine of a request, with its processes. Raises what `apply` does."""
    if request.engine == "ray":
        from .engines.actors import RayEngine

        return RayEngine(request.settings, workers=request.workers)
    if (request.workers or 1) > 1:
        from .engines.processes import ProcessEngine

        return ProcessEngine(request.settings, workers=request.workers or 1)
    return LocalEngine(request.settings.load, describe)


class _Run:
    """One call of `apply`."""

    def __init__(self, request: ApplyRequest, layout: Layout, engine: Engine, on_rows: Callable[[int], object]):
        self._layout = layout
        self._engine = engine
        self._on_rows = on_rows
        self._batch_size = request.settings.batch_size or BATCH_SIZE
        self._described = engine.describe()
        self._error = f"{request.settings.prefix}{ERROR}"
        self._manifest = Manifest(layout, _dependencies(request.settings, self._described))
        self._summary = Summary()
        self._outputs: dict[Target, Output] = {}

    def run(self) -> Summary:
        """Predict all files that are not finished."""
        started = time.monotonic()
        stream = FileStream(self._unfinished(), batch_size=self._batch_size, check=self._check, skip=self._skip)
        columns = list(self._described.columns.values())
        predictions = self._engine.predict(batch.inputs(columns) for batch in stream.batches())
        try:
            for values in predictions:
                self._take_others(stream)
                self._take_rows(stream, stream.next_rows(), values)
            self._take_others(stream)
        except BaseException as err:
            self._stop(keep=not isinstance(err, OSError))
            raise
        self._close()
        self._summary.seconds = time.monotonic() - started
        return self._summary

    def _unfinished(self) -> list[Target]:
        unfinished = []
        for target in self._layout.targets:
            done = self._manifest.rows_of(target)
            if done is None:
                unfinished.append(target)
            else:
                self._summary.skipped += 1
                self._count_earlier(done[0])
        return unfinished

    def _check(self, reader: RowReader) -> None:
        if reader.columns is not None:
            check_data_columns(reader.columns, self._described.columns, self._described.outputs)

    def _skip(self, target: Target) -> int:
        """Return how many rows of a file are done, and open its output."""
        output = self._outputs[target] = Output(self._layout, target, self._described.outputs, error=self._error)
        self._count_earlier(output.rows)
        return output.rows

    def _count_earlier(self, rows: int) -> None:
        self._summary.earlier += rows
        self._on_rows(rows)

    def _take_rows(self, stream: FileStream, rows: Rows, predictions: list[dict[str, Any]]) -> None:
        output = self._outputs.get(rows.target)
        if output is None:  # given up
            return
        values = rows.batch.corrected(predictions, self._error)
        try:
            check_data_columns_of_rows(rows, self._described)
            output.write(rows.batch, values)
        except InvalidError as err:
            stream.give_up(rows.target)
            self._fail(rows.target, naming(rows.target.source, err))
        else:
            self._summary.rows += len(rows.batch)
            self._summary.errors += sum(row[self._error] is not None for row in values)
            self._on_rows(len(rows.batch))

    def _take_others(self, stream: FileStream) -> None:
        for event in stream.others():
            if isinstance(event, Damaged):
                self._fail(event.target, event.error)
            elif isinstance(event, End) and event.target in self._outputs:
                self._finish(event)
            else:
                assert isinstance(event, Begin | End)

    def _finish(self, end: End) -> None:
        output = self._outputs.pop(end.target)
        output.finish(end.empty)
        self._manifest.note(end.target, output.rows, output.errors)
        self._summary.files += 1

    def _fail(self, target: Target, error: BertadaptError) -> None:
        output = self._outputs.pop(target, None)
        if output is not None:
            output.drop()
        self._summary.failed[target.source.name] = str(error)

    def _stop(self, *, keep: bool) -> None:
        """Leave what a later run can go on with. keep: whether rows of the last part are made a complete one."""
        for output in self._outputs.values():
            output.keep() if keep else output.drop()
        if keep:
            self._manifest.write()

    def _close(self) -> None:
        self._manifest.write()
        if not self._summary.failed:
            self._manifest.tidy(whole=self._layout.is_file)
        elif self._manifest.is_of_nothing():
            self._manifest.tidy(whole=True)  # the next run begins, with any other settings


def check_data_columns_of_rows(rows: Rows, described: Description) -> None:
    """Raise ValueError if a row has a column that is written, which the first row of its file may not have had."""
    names = dict.fromkeys(rows.batch.columns, True)
    check_data_columns(names, {}, described.outputs)


def _dependencies(settings: RowSettings, described: Description) -> dict[str, Any]:
    """Return what outputs depend on beside their inputs, as JSON has it."""
    return {
        "pipeline": described.fingerprint,
        "columns": dict(described.columns),
        "outputs": {name: str(kind) for name, kind in described.outputs.items()},
        "task": settings.task,
    }
