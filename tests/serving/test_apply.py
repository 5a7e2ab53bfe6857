"""A pipeline applied to files: rows and order, what goes wrong, and going on after it."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import spacy
from spacy.language import Language

from spacy_bertadapt import save_pipeline
from spacy_bertadapt.serving.apply import ApplyRequest, Summary, apply
from spacy_bertadapt.serving.engines.processes import ProcessEngine
from spacy_bertadapt.serving.files import outputs
from spacy_bertadapt.serving.loading import RowSettings
from spacy_bertadapt.serving.rows import PipelineRows

from .conftest import TEXTS, are_alike

FORMATS = ("parquet", "jsonl", "csv")
TOTAL = 40
BAD = 7
"""The number of the row without a text."""


def make_rows(count: int = TOTAL) -> list[dict[str, Any]]:
    return [{"id": number, "text": None if number == BAD else TEXTS[number % len(TEXTS)]} for number in range(count)]


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    elif path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf8")
    else:
        with path.open("w", encoding="utf8", newline="") as stream:
            table = csv.DictWriter(stream, rows[0])
            table.writeheader()
            table.writerows(rows)
    return path


def read(path: Path) -> list[dict[str, Any]]:
    if path.suffix == ".parquet":
        return pq.read_table(path).to_pylist(maps_as_pydicts="strict")
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in path.read_text(encoding="utf8").splitlines()]
    with path.open(encoding="utf8", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with a file of each format in in/."""
    for name in FORMATS:
        write(tmp_path / "in" / f"rows.{name}", make_rows())
    return tmp_path


@pytest.fixture
def run(saved_textcat: Path, place: Path) -> Callable[..., Summary]:
    """Applies the pipeline to in/, or a file of it, in batches of six; results go to out/."""

    def run_on(source: str = "in", output: str = "out", *, pipeline: Path = saved_textcat, **given: Any) -> Summary:
        names = ("columns", "task", "prefix", "batch_size")
        settings = {"batch_size": 6, **{name: given.pop(name) for name in names if name in given}}
        callbacks = {name: given.pop(name) for name in ("on_rows", "on_start") if name in given}
        request = ApplyRequest(
            settings=RowSettings(pipeline=str(pipeline), **settings),
            source=str(place / source),
            output=str(place / output),
            **given,
        )
        return apply(request, **callbacks)

    return run_on


@pytest.fixture(scope="module")
def expected(saved_textcat: Path) -> list[dict[str, Any]]:
    """The rows with predictions."""
    rows = make_rows()
    predictions = PipelineRows(spacy.load(saved_textcat)).predict(rows)
    return [{**row, **values} for row, values in zip(rows, predictions, strict=True)]


def test_rows_in_order_with_predictions(run: Callable, place: Path, expected: list[dict[str, Any]]) -> None:
    seen: list[int] = []
    summary = run(on_rows=seen.append)
    assert (summary.files, summary.rows, summary.errors, summary.failed) == (3, 3 * TOTAL, 2, {})
    assert sum(seen) == 3 * TOTAL
    for name in ("parquet", "jsonl"):
        assert are_alike(read(place / "out" / f"rows.{name}"), expected)
    of_csv = read(place / "out" / "rows.csv")
    assert [row["id"] for row in of_csv] == [str(number) for number in range(TOTAL)]
    others = [number for number in range(TOTAL) if number != BAD]  # CSV has an empty text where there is none
    assert [of_csv[number]["label"] for number in others] == [expected[number]["label"] for number in others]
    assert are_alike(json.loads(of_csv[0]["scores"]), expected[0]["scores"])
    assert sorted(os.listdir(place / "out")) == ["_apply", "rows.csv", "rows.jsonl", "rows.parquet"]
    assert os.listdir(place / "out" / "_apply") == ["manifest.json"]


@pytest.mark.parametrize("source", FORMATS)
@pytest.mark.parametrize("target", FORMATS)
def test_one_file_in_another_format(run: Callable, place: Path, source: str, target: str) -> None:
    run(f"in/rows.{source}", f"done.{target}")
    rows = read(place / f"done.{target}")
    assert [str(row["id"]) for row in rows] == [str(number) for number in range(TOTAL)]
    assert rows[0]["label"] == "delivery"
    assert set(rows[0]) == {"id", "text", "label", "score", "scores", "error"}
    assert sorted(os.listdir(place)) == [f"done.{target}", "in"], "nothing else is left"


def test_how_many_rows_there_are(run: Callable) -> None:
    known: list[int | None] = []
    run("in/rows.parquet", "a.parquet", on_start=known.append)
    run("in/rows.csv", "a.csv", on_start=known.append)
    assert known == [TOTAL, None]


def test_an_earlier_run(run: Callable, place: Path, expected: list[dict[str, Any]]) -> None:
    run()
    with pytest.raises(FileExistsError, match="E513"):
        run()
    times = {path: path.stat().st_mtime_ns for path in (place / "out").glob("rows.*")}
    summary = run(resume=True)
    assert (summary.files, summary.skipped, summary.rows, summary.earlier) == (0, 3, 0, 3 * TOTAL)
    write(place / "in" / "rows.jsonl", make_rows(3))
    write(place / "in" / "more.jsonl", make_rows(2))
    summary = run(resume=True)
    assert (summary.files, summary.skipped, summary.rows) == (2, 2, 5), "those that are new or have changed"
    assert {path for path in times if path.stat().st_mtime_ns != times[path]} == {place / "out" / "rows.jsonl"}
    summary = run(force=True)
    assert (summary.files, summary.skipped) == (4, 0)
    assert are_alike(read(place / "out" / "rows.parquet"), expected)


def test_outputs_of_other_settings_are_refused(
    run: Callable, place: Path, pipeline_of: Callable[..., Language]
) -> None:
    run("in/rows.jsonl")
    save_pipeline(pipeline_of("textcat", steps=1), place / "other")
    with pytest.raises(ValueError, match=r"E515.*pipeline"):
        run("in/rows.jsonl", resume=True, pipeline=place / "other")
    with pytest.raises(ValueError, match=r"E515.*columns"):
        run("in/rows.jsonl", resume=True, columns={"text": "id"})
    with pytest.raises(ValueError, match=r"E515.*outputs"):
        run("in/rows.jsonl", resume=True, prefix="p_")
    (place / "out" / "_apply" / "manifest.json").write_text("{")
    with pytest.raises(ValueError, match=r"E514.*manifest is damaged.*--force"):
        run("in/rows.jsonl", resume=True)


class Stopped(BaseException):
    """As Ctrl-C is."""


@pytest.mark.parametrize("format", FORMATS)
def test_going_on_after_an_interruption(
    run: Callable, place: Path, format: str, expected: list[dict[str, Any]]
) -> None:
    done = iter(range(3))

    def stop(rows: int) -> None:
        if rows and next(done, None) is None:
            raise Stopped

    with pytest.raises(Stopped):
        run(f"in/rows.{format}", on_rows=stop)
    assert not (place / "out" / f"rows.{format}").exists()
    summary = run(f"in/rows.{format}", resume=True)
    assert (summary.earlier, summary.rows) == (24, TOTAL - 24), "four batches were kept"
    rows = read(place / "out" / f"rows.{format}")
    assert [str(row["id"]) for row in rows] == [str(number) for number in range(TOTAL)]
    assert rows[-1]["label"] == expected[-1]["label"]


KILLED = """
import os, signal, sys
from spacy_bertadapt.serving.apply import ApplyRequest, apply
from spacy_bertadapt.serving.engines.processes import ProcessEngine
from spacy_bertadapt.serving.files import outputs
from spacy_bertadapt.serving.loading import RowSettings

outputs.PART_ROWS = 12
settings = RowSettings(pipeline=sys.argv[1], batch_size=6)
seen = []

def kill(rows):
    seen.append(rows)
    if sum(seen) == 30:
        os.kill(os.getpid(), signal.SIGKILL)

apply(ApplyRequest(settings=settings, source=sys.argv[2], output=sys.argv[3]), on_rows=kill)
"""


def test_going_on_after_a_kill(run: Callable, place: Path, saved_textcat: Path, expected: list[dict[str, Any]]) -> None:
    arguments = [str(saved_textcat), str(place / "in" / "rows.parquet"), str(place / "out")]
    done = subprocess.run([sys.executable, "-c", KILLED, *arguments], check=False, capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert not (place / "out" / "rows.parquet").exists()
    summary = run("in/rows.parquet", resume=True)
    assert (summary.earlier, summary.rows) == (24, TOTAL - 24), "two parts were complete"
    assert are_alike(read(place / "out" / "rows.parquet"), expected)
    assert os.listdir(place / "out" / "_apply") == ["manifest.json"]


def test_damaged_files_do_not_stop_the_others(run: Callable, place: Path) -> None:
    whole = (place / "in" / "rows.parquet").read_bytes()
    (place / "in" / "cut.parquet").write_bytes(whole[: len(whole) // 2])
    (place / "in" / "quote.csv").write_text("id,text\n" + "1,a\n" * 20 + '2,"b\n')
    write(place / "in" / "other.jsonl", [{"id": 1, "review": "a"}])
    write(place / "in" / "twice.jsonl", [{"text": "a"}, {"text": "b", "label": "mine"}])
    summary = run()
    assert (summary.files, summary.rows - summary.errors) == (3, 3 * TOTAL - 2 + 18)
    assert set(summary.failed) == {"cut.parquet", "quote.csv", "other.jsonl", "twice.jsonl"}
    for name, reason in summary.failed.items():
        assert name in reason
        assert "\n" not in reason
        assert not (place / "out" / name).exists()
    assert "E589" in summary.failed["cut.parquet"]
    assert "--columns text=review" in summary.failed["other.jsonl"]
    assert "--prefix" in summary.failed["twice.jsonl"]
    for name in summary.failed:
        write(place / "in" / name, make_rows(2))
    summary = run(resume=True)
    assert (summary.files, summary.skipped, summary.failed) == (4, 3, {})


def test_rows_that_the_format_can_not_hold(run: Callable, place: Path) -> None:
    write(place / "in" / "rows.jsonl", [{"text": "a", "x": 1 if number < 20 else "one"} for number in range(60)])
    summary = run("in/rows.jsonl", output_format="parquet")
    assert "E583" in summary.failed["rows.jsonl"]
    assert summary.files == 0


def test_columns_by_other_names_and_a_prefix(run: Callable, place: Path) -> None:
    path = place / "in" / "rows.jsonl"
    write(path, [{"review": "where is my parcel", "label": "mine"}])
    run("in/rows.jsonl", columns={"text": "review"}, prefix="p_")
    (row,) = read(place / "out" / "rows.jsonl")
    assert row["label"] == "mine"
    assert set(row) == {"review", "label", "p_label", "p_score", "p_scores", "p_error"}


def test_files_without_rows(run: Callable, place: Path) -> None:
    for name in ("a.jsonl", "b.csv"):
        (place / "none" / name).parent.mkdir(exist_ok=True)
        (place / "none" / name).touch()
    pq.write_table(pa.table({"text": pa.array([], pa.string())}), place / "none" / "c.parquet")
    summary = run("none")
    assert (summary.files, summary.rows) == (3, 0)
    assert pq.read_schema(place / "out" / "c.parquet").names == ["text", "label", "score", "scores", "error"]


def test_several_processes(run: Callable, place: Path, expected: list[dict[str, Any]]) -> None:
    summary = run(workers=2)
    assert (summary.files, summary.rows) == (3, 3 * TOTAL)
    for name in ("parquet", "jsonl"):
        assert are_alike(read(place / "out" / f"rows.{name}"), expected)


def test_a_process_that_is_killed(
    run: Callable, place: Path, expected: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    pools: list[ProcessEngine] = []
    make = ProcessEngine.__init__
    monkeypatch.setattr(ProcessEngine, "__init__", lambda self, *a, **k: (pools.append(self), make(self, *a, **k))[1])

    def kill(rows: int) -> None:
        if rows:
            for process in pools[0]._pool._processes.values():
                process.kill()

    with pytest.raises(RuntimeError, match=r"^\[E586\][^\n]*--resume[^\n]*$"):
        run("in/rows.jsonl", workers=2, on_rows=kill)
    summary = run("in/rows.jsonl", resume=True)
    assert summary.earlier > 0
    assert are_alike(read(place / "out" / "rows.jsonl"), expected)


def test_pairs(run: Callable, place: Path, pipeline_of: Callable[..., Language]) -> None:
    save_pipeline(pipeline_of("nli", steps=40), place / "nli")
    pairs = [("my parcel never arrived", "the parcel is here"), ("my parcel never arrived", "the parcel is a gift")]
    write(place / "in" / "pairs.csv", [{"a": first, "b": second} for first, second in pairs])
    run("in/pairs.csv", pipeline=place / "nli", columns={"premise": "a", "hypothesis": "b"})
    assert [row["label"] for row in read(place / "out" / "pairs.csv")] == ["contradiction", "neutral"]


def test_pipelines_that_can_not_be_loaded(run: Callable, place: Path) -> None:
    for workers in (1, 2):
        with pytest.raises(FileNotFoundError, match="nowhere"):
            run(pipeline=place / "nowhere", workers=workers)
    assert not (place / "out").exists()


resource = pytest.importorskip("resource", reason="Windows has no limit for files")


@pytest.fixture
def small_files() -> Iterator[None]:
    """Let the system refuse to write more than 3,000 bytes into any file."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (3000, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems send a signal")
@pytest.mark.parametrize("format", FORMATS)
def test_no_room(
    run: Callable, place: Path, format: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(place / "in" / f"rows.{format}", [{"text": f"{number} {os.urandom(99).hex()}"} for number in range(200)])
    monkeypatch.setattr(outputs, "PART_ROWS", 12)
    request.getfixturevalue("small_files")
    with pytest.raises(OSError, match=r"E527.*rows.*File too large") as caught:
        run(f"in/rows.{format}")
    assert "\n" not in str(caught.value)
    assert not list((place / "out").rglob("*.new"))
    assert not (place / "out" / f"rows.{format}").exists()
