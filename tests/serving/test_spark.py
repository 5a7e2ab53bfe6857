"""Spark, in a session of this machine."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import spacy

from spacy_bertadapt.planning.results import LabelledSpan
from spacy_bertadapt.serving.rows import PipelineRows
from spacy_bertadapt.serving.spark import predict, spark_type

from .conftest import TEXTS, are_alike, run_block

pyspark = pytest.importorskip("pyspark")
pytestmark = pytest.mark.skipif(shutil.which("java") is None, reason="Spark needs Java")

LARGE = 2**53 + 1
"""An integer that a float can't hold, as which pandas has integers beside None."""

ROWS = [(None if number == 3 else LARGE + number, None if number == 7 else TEXTS[number % 5]) for number in range(40)]


@pytest.fixture(scope="module")
def session() -> Iterator[Any]:
    """A session with two cores."""
    from pyspark.sql import SparkSession

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        patch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
        settings = {
            "spark.ui.enabled": "false",
            "spark.driver.host": "127.0.0.1",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.sql.execution.arrow.maxRecordsPerBatch": "6",
        }
        builder = SparkSession.builder.master("local[2]")
        for name, value in settings.items():
            builder = builder.config(name, value)
        session = builder.getOrCreate()
        session.sparkContext.setLogLevel("OFF")
        yield session
        session.stop()


@pytest.fixture(scope="module")
def frame(session: Any) -> Any:
    """Rows in four partitions; an id and a text are missing."""
    return session.createDataFrame(ROWS, "id long, review string").repartition(4)


def test_all_columns_and_predictions_as_the_docs_have_it(frame: Any, saved_textcat: Path, tmp_path: Path) -> None:
    frame.write.parquet(str(tmp_path / "reviews"))
    here = {"/data": str(tmp_path), "/models/reviews": str(saved_textcat)}
    done = run_block("Spark", here)["predicted"]
    assert done.schema.simpleString() == (
        "struct<id:bigint,review:string,label:string,score:double,scores:map<string,double>,error:string>"
    )
    rows = [
        row.asDict(recursive=True) for row in frame.sparkSession.read.parquet(str(tmp_path / "predicted")).collect()
    ]
    assert sorted((row["id"] or 0, row["review"] or "") for row in rows) == sorted((i or 0, t or "") for i, t in ROWS)
    alone = PipelineRows(spacy.load(saved_textcat), columns={"text": "review"}).predict(rows)
    for row, values in zip(rows, alone, strict=True):
        assert are_alike({name: row[name] for name in values}, values)
    assert sum(row["error"] is not None for row in rows) == 1


def test_a_worker_loads_the_pipeline_once(frame: Any, saved_textcat: Path) -> None:
    """The cache of a worker is seen by a later task of the same worker."""
    predict(frame, str(saved_textcat), columns={"text": "review"}).collect()

    def cached(batches: Iterator[Any]) -> Iterator[Any]:
        import os

        import pyarrow as pa
        import torch

        from spacy_bertadapt.serving import spark

        list(batches)
        seen = [len(spark._loaded)], [torch.get_num_threads()], [os.environ.get("RAYON_NUM_THREADS", "")]
        yield pa.RecordBatch.from_arrays([pa.array(values) for values in seen], ["loaded", "threads", "rayon"])

    seen = [tuple(row) for row in frame.mapInArrow(cached, "loaded long, threads long, rayon string").collect()]
    assert (1, 1, "1") in seen
    assert all(count <= 1 for count, _, _ in seen)


def test_mistakes_are_told_before_anything_runs(session: Any, frame: Any, saved_textcat: Path) -> None:
    with pytest.raises(ValueError, match=r"E581.*'text'.*--columns text=review"):
        predict(frame, str(saved_textcat))
    with pytest.raises(FileNotFoundError, match="nowhere"):
        predict(frame, "nowhere")
    labelled = session.createDataFrame([("a", "b")], "text string, label string")
    with pytest.raises(ValueError, match="E582"):
        predict(labelled, str(saved_textcat))
    (row,) = predict(labelled, str(saved_textcat), prefix="my_").collect()
    assert (row["label"], row["my_error"]) == ("b", None)


def test_types() -> None:
    assert spark_type(list[LabelledSpan]).simpleString() == (
        "array<struct<text:string,label:string,start:bigint,end:bigint,score:double>>"
    )
    assert spark_type(dict[str, float]).simpleString() == "map<string,double>"
    assert [spark_type(kind).simpleString() for kind in (bool, int | None)] == ["boolean", "bigint"]
    with pytest.raises(TypeError):
        spark_type(object)
