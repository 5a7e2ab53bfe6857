"""Outputs are whole or not there, and their parts outlive whoever wrote them."""

from __future__ import annotations

import csv
import datetime
import gzip
import json
import os
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from spacy_bertadapt.planning.results import LabelledSpan
from spacy_bertadapt.serving.files import outputs, writing
from spacy_bertadapt.serving.files.batches import Batch, DictBatch, TableBatch
from spacy_bertadapt.serving.files.inputs import find_inputs
from spacy_bertadapt.serving.files.json_values import as_json
from spacy_bertadapt.serving.files.layout import plan_outputs
from spacy_bertadapt.serving.files.outputs import Output

OUTPUTS = {"label": str | None, "scores": dict[str, float], "entities": list[LabelledSpan], "error": str | None}
SPAN = {"text": "Riga", "label": "PLACE", "start": 0, "end": 4, "score": None}
GOOD = {"label": "a", "scores": {"a": 0.75, "b": 0.25}, "entities": [SPAN], "error": None}
BAD = {"label": None, "scores": {}, "entities": [], "error": "why"}
FORMATS = ["parquet", "jsonl", "csv"]

MakeOutput = Callable[..., Output]


@pytest.fixture
def make_output(tmp_path: Path) -> MakeOutput:
    """Makes the output of an input file, which is not read."""

    def make(name: str = "a.jsonl", folder: str | None = None, format: str | None = None) -> Output:
        (tmp_path / "in").mkdir(exist_ok=True)
        if not (tmp_path / "in" / name).exists():
            (tmp_path / "in" / name).touch()
        layout = plan_outputs(find_inputs(str(tmp_path / "in" / name)), folder or str(tmp_path / "out"), format=format)
        return Output(layout, layout.targets[0], OUTPUTS, error="error")

    return make


def read(path: Path) -> list[dict[str, Any]]:
    """Return the rows of an output, whatever its format."""
    if path.suffix == ".parquet":
        return pq.read_table(path).to_pylist(maps_as_pydicts="strict")
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    if ".jsonl" in path.name:
        return [json.loads(line) for line in data.splitlines()]
    return list(csv.DictReader(data.decode("utf8").splitlines()))


def rows(*numbers: int) -> DictBatch:
    return DictBatch([{"id": number, "text": f"text {number}"} for number in numbers])


def as_csv(row: dict[str, Any]) -> dict[str, str]:
    """Return the row as CSV has it: what is no text is JSON, None an empty field."""
    return {
        name: "" if value is None else value if isinstance(value, str) else json.dumps(value)
        for name, value in row.items()
    }


def written(batch: Sequence[int], predictions: Sequence[dict[str, Any]], format: str) -> list[dict[str, Any]]:
    joined = [{**row, **values} for row, values in zip(rows(*batch).content, predictions, strict=True)]
    return [as_csv(row) for row in joined] if format == "csv" else joined


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("part_rows", [1, 3, 100])
def test_rows_of_all_parts(
    make_output: MakeOutput, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, format: str, part_rows: int
) -> None:
    monkeypatch.setattr(outputs, "PART_ROWS", part_rows)
    output = make_output(format=format)
    for first in (0, 2, 4):
        output.write(rows(first, first + 1), [GOOD, BAD])
        assert not (tmp_path / "out" / f"a.{format}").exists()
    assert (output.rows, output.errors) == (6, 3)
    output.finish(rows())
    assert (output.rows, output.errors) == (6, 3)
    assert read(tmp_path / "out" / f"a.{format}") == written(range(6), [GOOD, BAD] * 3, format)
    assert {path.name for path in (tmp_path / "out").rglob("*")} == {f"a.{format}", "_apply"}


@pytest.mark.parametrize("format", FORMATS)
def test_a_later_run_goes_on_after_the_last_part(
    make_output: MakeOutput, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, format: str
) -> None:
    monkeypatch.setattr(outputs, "PART_ROWS", 2)
    first = make_output(format=format)
    for number in range(5):
        first.write(rows(number), [BAD if number else GOOD])
    second = make_output(format=format)  # the first one was killed: row 4 is in no complete part
    assert (second.rows, second.errors) == (4, 3)
    second.write(rows(4), [GOOD])
    second.finish(rows())
    expected = written(range(5), [GOOD, BAD, BAD, BAD, GOOD], format)
    assert read(tmp_path / "out" / f"a.{format}") == expected


def test_a_run_that_ends_keeps_all_rows(make_output: MakeOutput) -> None:
    first = make_output()
    first.write(rows(1, 2, 3), [GOOD, GOOD, BAD])
    first.keep()
    assert (make_output().rows, make_output().errors) == (3, 1)


def test_rows_that_were_half_written_are_in_no_part(make_output: MakeOutput, monkeypatch: pytest.MonkeyPatch) -> None:
    output = make_output()
    output.write(rows(1), [GOOD])
    output.keep()
    output.write(rows(2), [GOOD])

    def interrupted(value: Any) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(writing, "as_json", interrupted)
    with pytest.raises(KeyboardInterrupt):
        output.write(rows(3), [GOOD])
    output.keep()
    assert make_output().rows == 1


def test_parts_of_an_input_that_has_changed_are_no_parts(make_output: MakeOutput, tmp_path: Path) -> None:
    output = make_output()
    output.write(rows(1), [GOOD])
    output.keep()
    assert make_output().rows == 1
    (tmp_path / "in" / "a.jsonl").write_text("{}")
    assert make_output().rows == 0


@pytest.mark.parametrize("format", FORMATS)
def test_a_file_without_rows(make_output: MakeOutput, tmp_path: Path, format: str) -> None:
    empty: Batch = DictBatch([], header=["id", "text"])
    make_output(format=format).finish(empty)
    path = tmp_path / "out" / f"a.{format}"
    assert read(path) == []
    if format == "parquet":
        assert pq.read_schema(path).names == ["id", "text", *OUTPUTS]
    if format == "csv":
        assert path.read_bytes().decode() == f"id,text,{','.join(OUTPUTS)}\r\n"


def test_packed_outputs(make_output: MakeOutput, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outputs, "PART_ROWS", 1)
    output = make_output("a.csv.gz")
    output.write(rows(1), [GOOD])
    output.write(rows(2), [BAD])
    output.finish(rows())
    assert read(tmp_path / "out" / "a.csv.gz") == written([1, 2], [GOOD, BAD], "csv")


def test_types_in_parquet(make_output: MakeOutput, tmp_path: Path) -> None:
    table = pa.table({"n": pa.array([1, None], pa.int16()), "d": pa.array(["x", "y"]).dictionary_encode()})
    output = make_output(format="parquet")
    output.write(TableBatch(table), [GOOD, BAD])
    output.finish(rows())
    schema = pq.read_schema(tmp_path / "out" / "a.parquet")
    assert [schema.field(name).type for name in ("n", "d")] == [pa.int16(), pa.dictionary(pa.int32(), pa.string())]
    assert schema.field("scores").type == pa.map_(pa.string(), pa.float64())
    assert schema.field("entities").type.value_type.names == list(SPAN)


@pytest.mark.parametrize(("bound", "most"), [("GROUP_ROWS", 2), ("GROUP_BYTES", 16)])
def test_row_groups_gather_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bound: str, most: int) -> None:
    monkeypatch.setattr(writing, bound, most)
    with (tmp_path / "a.parquet").open("wb") as stream:
        writer = writing.RowGroups(stream)
        for number in range(10):
            writer.add(pa.table({"x": [number]}))
        writer.close()
    assert pq.ParquetFile(tmp_path / "a.parquet").num_row_groups == 5
    assert pq.read_table(tmp_path / "a.parquet").to_pydict() == {"x": list(range(10))}


@pytest.mark.parametrize("format", ["parquet", "csv"])
def test_rows_that_do_not_fit_the_earlier_ones(make_output: MakeOutput, format: str) -> None:
    output = make_output(format=format)
    output.write(rows(1), [GOOD])
    with pytest.raises(ValueError, match=r"E583.*'new'.*--output-format jsonl"):
        output.write(DictBatch([{"id": 1, "text": "a", "new": 1}]), [GOOD])
    if format == "parquet":
        with pytest.raises(ValueError, match=r"E583.*'id'"):
            output.write(DictBatch([{"id": "one", "text": "a"}]), [GOOD])
        with pytest.raises(ValueError, match=r"E583.*'x'"):
            make_output(format=format).write(DictBatch([{"x": 1}, {"x": [1]}]), [GOOD, GOOD])


def test_columns_that_are_missing_in_the_first_rows(make_output: MakeOutput, tmp_path: Path) -> None:
    output = make_output(format="parquet")
    output.write(DictBatch([{"id": None}, {"id": None, "text": "a"}]), [GOOD, GOOD])
    output.write(DictBatch([{}, {"id": "x"}]), [GOOD, GOOD])
    output.finish(rows())
    table = pq.read_table(tmp_path / "out" / "a.parquet")
    assert table.select(["id", "text"]).to_pydict() == {"id": [None, None, None, "x"], "text": [None, "a", None, None]}


@pytest.mark.parametrize(
    ("format", "expected"),
    [("jsonl", b"a\\\\udcffb"), ("csv", b"a\xffb")],
)
def test_bytes_that_are_no_utf_8(make_output: MakeOutput, tmp_path: Path, format: str, expected: bytes) -> None:
    output = make_output(format=format)
    output.write(DictBatch([{"text": "a\udcffb"}], header=["text"]), [BAD])
    output.finish(rows())
    assert expected.replace(b"\\\\", b"\\") in (tmp_path / "out" / f"a.{format}").read_bytes()


def test_halves_of_surrogate_pairs_in_parquet_and_csv(make_output: MakeOutput, tmp_path: Path) -> None:
    for name, format in (("a.jsonl", "parquet"), ("b.jsonl", "csv")):
        output = make_output(name, format=format)
        output.write(DictBatch([{"text": "a\ud800b", "parts": ["\ud800"]}]), [BAD])
        output.finish(rows())
    row = read(tmp_path / "out" / "a.parquet")[0]
    assert (row["text"], row["parts"]) == ("a\ufffdb", ["\ufffd"])
    assert read(tmp_path / "out" / "b.csv")[0]["text"] == "a?b"


def test_values_that_json_has_not() -> None:
    values = {
        "d": datetime.date(2026, 1, 2),
        "n": Decimal("1.5"),
        "b": b"x\xff",
        "f": float("nan"),
        "l": [float("inf")],
    }
    assert json.loads(as_json(values)) == {"d": "2026-01-02", "n": "1.5", "b": "x\\xff", "f": None, "l": [None]}


def test_outputs_elsewhere(make_output: MakeOutput, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outputs, "PART_ROWS", 1)
    output = make_output(folder="memory://results")
    output.write(rows(1), [GOOD])
    assert make_output(folder="memory://results").rows == 1
    output.write(rows(2), [BAD])
    output.finish(rows())
    with fsspec.open("memory://results/a.jsonl") as stream:
        assert [json.loads(line)["id"] for line in stream] == [1, 2]


def test_an_output_that_can_not_be_written(make_output: MakeOutput, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "_apply").write_text("a file")
    with pytest.raises(OSError, match=r"E527.*out.a\.jsonl") as caught:
        make_output().write(rows(1), [GOOD])
    assert "\n" not in str(caught.value)
    assert os.listdir(tmp_path / "in") == ["a.jsonl"]
