"""Ray, on a cluster of this machine: Ray Data's batches, and `apply` with actors, one of which is killed."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import spacy

from benchmarks.processes import compare, prepare, train_in_one
from spacy_bertadapt.serving.apply import ApplyRequest, apply
from spacy_bertadapt.serving.arrow import arrow_schema
from spacy_bertadapt.serving.engines.actors import RayEngine
from spacy_bertadapt.serving.loading import RowSettings, fingerprint
from spacy_bertadapt.serving.rows import PipelineRows

from .conftest import TEXTS, are_alike, run_block

ray = pytest.importorskip("ray", reason="Ray has no wheels for every platform")
ROWS = [{"id": number, "text": None if number == 7 else TEXTS[number % len(TEXTS)]} for number in range(60)]

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::FutureWarning:ray")


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Ray with four cores, whose processes are as important as others."""
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        patch.setenv("RAY_worker_niceness", "0")
        patch.setenv("RAY_TMPDIR", "/tmp")
        patch.delenv("RAY_ADDRESS", raising=False)
        ray.init(num_cpus=4, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
        yield ray
        ray.shutdown()


@pytest.fixture(scope="module")
def expected(saved_textcat: Path) -> list[dict[str, Any]]:
    """The rows with predictions."""
    predictions = PipelineRows(spacy.load(saved_textcat)).predict(ROWS)
    return [{**row, **values} for row, values in zip(ROWS, predictions, strict=True)]


def test_ray_data_as_the_docs_have_it(
    cluster: Any, saved_textcat: Path, tmp_path: Path, expected: list[dict[str, Any]]
) -> None:
    reviews = pa.Table.from_pylist(ROWS).rename_columns(["id", "review"])
    here = {
        'ray.data.read_parquet("/data/reviews")': "ray.data.from_arrow(table)",
        "/models/reviews": str(saved_textcat),
        "/data/predicted": str(tmp_path),
        "size=2": "size=1",
        "num_cpus=4": "num_cpus=1",
    }
    cluster.data.DataContext.get_current().enable_progress_bars = False
    run_block("Ray", here, table=reviews)
    table = pq.read_table(tmp_path).rename_columns({"review": "text"}).sort_by("id")
    outputs = PipelineRows(spacy.load(saved_textcat)).outputs
    assert table.schema.field("id").type == pa.int64()
    assert [table.schema.field(name).type for name in outputs] == arrow_schema(outputs).types
    rows = table.to_pylist(maps_as_pydicts="strict")
    assert rows[7]["error"].startswith("[E580] The 'review' of this row")
    rows[7]["error"] = expected[7]["error"]
    assert are_alike(rows, expected)


def request_for(pipeline: Path, source: Path, **settings: Any) -> ApplyRequest:
    rows = RowSettings(pipeline=str(pipeline), batch_size=4)
    return ApplyRequest(settings=rows, source=str(source), output=str(source.parent / "out"), **settings)


def threads_of_process(actor: object) -> tuple[int, str]:
    import torch

    return torch.get_num_threads(), os.environ["RAYON_NUM_THREADS"]


def test_apply_in_order_while_an_actor_is_killed(
    cluster: Any, saved_textcat: Path, tmp_path: Path, expected: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    engines: list[RayEngine] = []
    start = RayEngine._start

    def noted(engine: RayEngine, *args: Any) -> list[Any]:
        engines.append(engine)
        return start(engine, *args)

    threads: list[tuple[int, str]] = []

    def kill(rows: int) -> None:
        if rows and not threads:
            actor = engines[0]._actors[0]
            threads.append(cluster.get(actor.__ray_call__.remote(threads_of_process)))
            cluster.kill(actor, no_restart=False)

    monkeypatch.setattr(RayEngine, "_start", noted)
    pq.write_table(pa.Table.from_pylist(ROWS), tmp_path / "rows.parquet")
    summary = apply(request_for(saved_textcat, tmp_path / "rows.parquet", engine="ray", workers=2), on_rows=kill)
    assert (summary.rows, summary.errors, summary.failed) == (len(ROWS), 1, {})
    assert threads == [(2, "2")], "as many as Ray assigned cores to it"
    table = pq.read_table(tmp_path / "out" / "rows.parquet")
    assert are_alike(table.to_pylist(maps_as_pydicts="strict"), expected)
    assert cluster.is_initialized(), "it was there before"


def test_a_pipeline_that_can_not_be_loaded(cluster: Any, tmp_path: Path) -> None:
    pq.write_table(pa.Table.from_pylist(ROWS), tmp_path / "rows.parquet")
    request = request_for(tmp_path / "nowhere", tmp_path / "rows.parquet", engine="ray", workers=1)
    with pytest.raises(FileNotFoundError, match="nowhere") as caught:
        apply(request)
    assert "\n" not in str(caught.value)


def test_more_workers_than_there_is_room_for(cluster: Any, saved_textcat: Path) -> None:
    with pytest.raises(RuntimeError, match=r"E586.*5 workers are asked for, and Ray has 4 cores"):
        RayEngine(RowSettings(pipeline=str(saved_textcat)), workers=5)
    with pytest.raises(RuntimeError, match=r"E537.*Ray knows of no GPU"):
        RayEngine(RowSettings(pipeline=str(saved_textcat), gpu_id=0), workers=1)


class Sleeps:
    """An actor that takes all cores until it is killed."""

    def is_there(self) -> bool:
        return True


def test_a_busy_cluster_is_waited_for_aloud(cluster: Any, saved_textcat: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from spacy_bertadapt.serving.engines import actors

    other = cluster.remote(Sleeps).options(num_cpus=4).remote()
    assert cluster.get(other.is_there.remote())
    monkeypatch.setattr(actors, "PATIENCE", 1)
    warn = warnings.warn

    def warn_and_end(message: str, **settings: Any) -> None:
        warn(message, **settings)
        cluster.kill(other)

    monkeypatch.setattr(actors.warnings, "warn", warn_and_end)
    said = pytest.warns(UserWarning, match=r"W581.*1 of 1 workers.*of 4 cores of the Ray cluster, 0 are free")
    with RayEngine(RowSettings(pipeline=str(saved_textcat)), workers=1) as engine, said:
        assert engine.describe()


class Dies:
    """A pipeline that ends its process."""

    def predict(self, batch: list[dict[str, Any]]) -> None:
        os._exit(1)


def test_a_batch_that_kills_every_actor(cluster: Any, saved_textcat: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from spacy_bertadapt.serving.engines import actors

    monkeypatch.setattr(actors, "RETRIES", 0)
    with RayEngine(RowSettings(pipeline=str(saved_textcat)), workers=1) as engine:
        engine._actors = [cluster.remote(Dies).remote()]
        with pytest.raises(RuntimeError, match=r"^\[E586\][^\n]*--resume[^\n]*$"):
            list(engine.predict([[{"text": "a"}]]))


def test_the_fingerprint_is_of_the_files(saved_textcat: Path, tmp_path: Path) -> None:
    nlp = spacy.load(saved_textcat)
    before = fingerprint(nlp)
    assert before == fingerprint(spacy.load(saved_textcat))
    nlp.to_disk(tmp_path / "copy")
    copy = spacy.load(tmp_path / "copy")
    weights = next((tmp_path / "copy").rglob("*.safetensors"))
    changed = bytearray(weights.read_bytes())
    changed[-1] ^= 1
    weights.write_bytes(bytes(changed))
    assert fingerprint(copy) != fingerprint(spacy.load(saved_textcat))
    assert fingerprint(spacy.blank("en")) != before


def train_as_the_docs_have_it(settings: dict[str, str]) -> None:
    """Train in a worker of Ray Train, by the function in docs/training.md."""
    import torch

    torch.set_num_threads(1)
    page = (Path(__file__).parents[2] / "docs" / "training.md").read_text(encoding="utf8")
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    names: dict[str, Any] = {}
    exec(compile(code, "docs/training.md", "exec"), names)
    names["train"](Path(settings["config"]), Path(settings["output"]))


def test_ray_train_s_workers_learn_together(cluster: Any, tmp_path: Path) -> None:
    from ray.train import RunConfig, ScalingConfig
    from ray.train.torch import TorchConfig, TorchTrainer

    prepare(tmp_path, ["head"], steps=9)
    settings = {"config": str(tmp_path / "head" / "two.cfg"), "output": str(tmp_path / "head" / "two")}
    trainer = TorchTrainer(
        train_as_the_docs_have_it,
        train_loop_config=settings,
        torch_config=TorchConfig(backend="gloo"),
        scaling_config=ScalingConfig(num_workers=2),
        run_config=RunConfig(storage_path=str(tmp_path / "ray")),
    )
    trainer.fit()
    train_in_one(tmp_path, ["head"])
    assert max(compare(tmp_path / "head")) < 1e-6
