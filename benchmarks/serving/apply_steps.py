"""What `benchmarks.serving.apply_rows` does in processes of their own: one step of it, which tells what it has done.

python -m benchmarks.serving.apply_steps plain|apply|spark SETTINGS

SETTINGS is JSON. Lines that begin with "rows " say how many rows are done, and the last one is a result in JSON.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import spacy

from spacy_bertadapt.serving.apply import ApplyRequest, apply
from spacy_bertadapt.serving.files import outputs
from spacy_bertadapt.serving.loading import RowSettings

ROWS, RESULT = "rows ", "result "
Step = Callable[..., dict[str, Any]]


def plain(*, pipeline: str, source: str, batch_size: int) -> dict[str, Any]:
    """Send the texts through `nlp.pipe`."""
    nlp = spacy.load(pipeline)
    texts = pq.read_table(source).column("text").to_pylist()
    started = time.perf_counter()
    for _ in nlp.pipe(texts, batch_size=batch_size):
        pass
    return {"speed": len(texts) / (time.perf_counter() - started)}


def apply_to(
    *,
    pipeline: str,
    source: str,
    output: str,
    engine: Any,
    batch_size: int,
    workers: int | None = None,
    part_rows: int = outputs.PART_ROWS,
    resume: bool = False,
) -> dict[str, Any]:
    """Apply the pipeline to a file."""
    outputs.PART_ROWS = part_rows
    done = 0

    def tell(rows: int) -> None:
        nonlocal done
        done += rows
        print(f"{ROWS}{done}", flush=True)

    settings = RowSettings(pipeline=pipeline, batch_size=batch_size)
    request = ApplyRequest(
        settings=settings,
        source=source,
        output=output,
        engine=engine,
        workers=workers,
        resume=resume,
        force=not resume,
    )
    summary = apply(request, on_rows=tell)
    return {"speed": summary.rows / summary.seconds, "earlier": summary.earlier, "rows": summary.rows}


def with_spark(*, pipeline: str, source: str, output: str, workers: int) -> dict[str, Any]:
    """Predict a DataFrame, in as many partitions as a cluster would have."""
    from pyspark.sql import SparkSession

    from spacy_bertadapt.serving.spark import predict

    os.environ["PYSPARK_PYTHON"] = sys.executable
    os.environ["PYTHONPATH"] = str(Path(__file__).parents[2])
    builder = SparkSession.builder.master(f"local[{workers}]").config("spark.ui.enabled", "false")
    session = builder.config("spark.driver.bindAddress", "127.0.0.1").getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    frame = session.read.parquet(source).repartition(4 * workers)
    predict(frame.limit(workers), pipeline).collect()  # workers start and load the pipeline
    started = time.perf_counter()
    predict(frame, pipeline).write.parquet(output)
    seconds = time.perf_counter() - started
    session.stop()
    return {"speed": pq.ParquetDataset(source).fragments[0].metadata.num_rows / seconds}


STEPS: dict[str, Step] = {"plain": plain, "apply": apply_to, "spark": with_spark}


def main() -> None:
    """Do the step that the command line names."""
    name, settings = sys.argv[1:]
    result = STEPS[name](**json.loads(settings))
    print(f"{RESULT}{json.dumps(result)}", flush=True)


if __name__ == "__main__":
    main()
