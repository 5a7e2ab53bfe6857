"""Raw texts."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from spacy_bertadapt.readers.texts import read_texts


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.txt", "first\n\n  \nseco\tnd \n"),
        ("a.jsonl", '{"text": "first"}\n{"text": ""}\n{"text": "seco\\tnd", "n": 1}\n'),
    ],
)
def test_texts_in_order_without_empty_ones(name: str, content: str, packed: bool, tmp_path: Path) -> None:
    path = tmp_path / (name + ".gz" * packed)
    path.write_bytes(gzip.compress(content.encode()) if packed else content.encode())
    assert list(read_texts(path)) == ["first", "seco\tnd"]


def test_other_suffix(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("x")
    with pytest.raises(ValueError, match="E511"):
        read_texts(path)


@pytest.mark.parametrize(("row", "code"), [('{"body": "x"}', "C039"), ('{"text": 1}', "C018"), ("{", "C014")])
def test_rows_that_hold_no_text(row: str, code: str, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(row)
    with pytest.raises(ValueError, match=code):
        list(read_texts(path))
