"""Rows as files have them, and files that are damaged."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from spacy_bertadapt.serving.files import text_rows
from spacy_bertadapt.serving.files.batches import Batch
from spacy_bertadapt.serving.files.inputs import find_inputs
from spacy_bertadapt.serving.files.reading import known_rows, open_reader, readable


def read(path: Path, size: int = 100, skip: int = 0) -> list[Batch]:
    (file,) = find_inputs(str(path))
    with open_reader(file) as reader:
        return list(reader.batches(size, skip=skip))


def rows_of(batches: list[Batch]) -> list[dict[str, Any]]:
    return [row for batch in batches for row in batch.rows()]


ROWS = [{"id": number, "text": f"text {number}"} for number in range(25)]


def write_parquet(path: Path, rows: list[dict[str, Any]] = ROWS) -> Path:
    pq.write_table(pa.Table.from_pylist(rows), path, row_group_size=10)
    return path


def write_jsonl(path: Path, rows: list[dict[str, Any]] = ROWS) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf8")
    return path


def write_csv(path: Path, rows: list[dict[str, Any]] = ROWS) -> Path:
    path.write_text("id,text\n" + "".join(f"{row['id']},{row['text']}\n" for row in rows), encoding="utf8")
    return path


@pytest.mark.parametrize(
    ("name", "write"), [("a.parquet", write_parquet), ("a.jsonl", write_jsonl), ("a.csv", write_csv)]
)
@pytest.mark.parametrize("size", [1, 7, 10, 100])
@pytest.mark.parametrize("skip", [0, 3, 10, 17, 25])
def test_all_rows_in_order(tmp_path: Path, name: str, write: Callable[[Path], Path], size: int, skip: int) -> None:
    batches = read(write(tmp_path / name), size, skip)
    rows = rows_of(batches)
    assert [int(row["id"]) for row in rows] == list(range(skip, 25))
    assert [row["text"] for row in rows] == [row["text"] for row in ROWS[skip:]]
    assert all(0 < len(batch) <= size for batch in batches)
    texts = [row for batch in batches for row in batch.inputs(["text"])]
    assert texts == [{"text": row["text"]} for row in ROWS[skip:]]


def test_columns_and_rows_that_are_known(tmp_path: Path) -> None:
    for path in (write_parquet(tmp_path / "a.parquet"), write_jsonl(tmp_path / "b.jsonl")):
        with open_reader(find_inputs(str(path))[0]) as reader:
            assert reader.columns == {"id": False, "text": True}
    with open_reader(find_inputs(str(write_csv(tmp_path / "c.csv")))[0]) as reader:
        assert reader.columns == {"id": True, "text": True}
    write_parquet(tmp_path / "d.parquet")
    assert known_rows(find_inputs(str(tmp_path / "*.parquet"))) == 50
    assert known_rows(find_inputs(str(tmp_path))) is None
    (tmp_path / "d.parquet").write_bytes(b"PAR1")
    assert known_rows(find_inputs(str(tmp_path / "*.parquet"))) == 25


def test_packed_files(tmp_path: Path) -> None:
    plain = write_jsonl(tmp_path / "a.jsonl")
    (tmp_path / "b.jsonl.gz").write_bytes(gzip.compress(plain.read_bytes()))
    assert rows_of(read(tmp_path / "b.jsonl.gz")) == ROWS


def test_long_rows_make_small_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_rows, "MOST_CHARACTERS", 60)
    for path in (write_jsonl(tmp_path / "a.jsonl"), write_csv(tmp_path / "a.csv")):
        batches = read(path)
        assert len(batches) > 3
        assert len(rows_of(batches)) == 25


def test_lines_that_are_no_objects_are_broken_rows(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    lines = [
        b'{"text": "a", "id": 1}',
        b"",
        b"{broken",
        b"[1]",
        b'{"text": "\xff", "id": 2}',
        b'{"text": "b"}',
        b"[" * 9999,
    ]
    path.write_bytes(b"\xef\xbb\xbf" + b"\n".join(lines))
    (batch,) = read(path)
    assert len(batch) == 6
    assert batch.inputs(["text"]) == [{"text": "a"}, {}, {}, {"text": "\udcff"}, {"text": "b"}, {}]
    done = [{"error": None} for _ in range(6)]
    errors = [row["error"] for row in batch.corrected(done, "error")]
    assert [error and error[:15] for error in errors] == [
        None, "[C014] a.jsonl:", "[C014] a.jsonl:", None, None, "[C014] a.jsonl:"
    ]  # fmt: skip
    assert "a.jsonl:3" in errors[1]
    assert "it holds list" in errors[2]


def test_rows_of_csv_with_other_numbers_of_fields(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('id,text\n1,"two\nlines, and ""quotes"""\n2\n3,a,b\n4,c\n', encoding="utf8")
    (batch,) = read(path)
    assert [row.get("text") for row in batch.inputs(["text"])] == ['two\nlines, and "quotes"', None, None, "c"]
    errors = [row["error"] for row in batch.corrected([{"error": None}] * 4, "error")]
    assert [error and error[:14] for error in errors] == [None, "[C008] a.csv:4", "[C008] a.csv:5", None]
    assert rows_of([batch])[2] == {"id": "3", "text": "a"}


DAMAGED = {
    "cut.parquet": lambda path: path.write_bytes(write_parquet(path).read_bytes()[:-200]),
    "spoilt.parquet": lambda path: path.write_bytes(b"PAR1" + bytes(100) + write_parquet(path).read_bytes()[104:]),
    "empty.parquet": lambda path: path.touch(),
    "no.jsonl": lambda path: path.write_bytes(b"\x00\x01\x02\n"),
    "list.jsonl": lambda path: path.write_text("[1, 2]\n"),
    "cut.jsonl.gz": lambda path: path.write_bytes(gzip.compress(json.dumps(ROWS[0]).encode() * 500)[:-20]),
    "no.csv.gz": lambda path: path.write_text("id,text\n1,a\n"),
    "quote.csv": lambda path: path.write_text('id,text\n1,"never closed\n'),
    "twice.csv": lambda path: path.write_text("text,text\na,b\n"),
    "utf16.csv": lambda path: path.write_bytes("text\na\n".encode("utf-16")),
    "sheet.csv": lambda path: path.write_bytes(b"PK\x03\x04 and so on"),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_damaged_files_are_named_in_one_line(tmp_path: Path, name: str) -> None:
    DAMAGED[name](tmp_path / name)
    with pytest.raises(ValueError, match=rf"^[^\n]*{name}[^\n]*$"):
        read(tmp_path / name)


def test_a_file_that_is_gone(tmp_path: Path) -> None:
    (file,) = find_inputs(str(write_csv(tmp_path / "a.csv")))
    (tmp_path / "a.csv").unlink()
    with pytest.raises(ValueError, match=r"E589.*a\.csv"), open_reader(file):
        pass


def test_errors_of_this_package_are_named_once(tmp_path: Path) -> None:
    from spacy_bertadapt.errors import InvalidError

    (file,) = find_inputs(str(write_csv(tmp_path / "a.csv")))
    with pytest.raises(InvalidError, match=r"^a\.csv: what$"), readable(file):
        raise InvalidError("what")
    with pytest.raises(InvalidError, match=r"^in a\.csv$"), readable(file):
        raise InvalidError("in a.csv")


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "header.csv", "a.parquet"])
def test_files_without_rows(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if name == "a.parquet":
        pq.write_table(pa.table({"text": pa.array([], pa.string())}), path)
    else:
        path.write_text("text\n" if name == "header.csv" else "")
    assert read(path) == []
    (file,) = find_inputs(str(path))
    with open_reader(file) as reader:
        assert reader.columns == (None if name in ("a.jsonl", "a.csv") else {"text": True})
        assert len(reader.empty()) == 0
