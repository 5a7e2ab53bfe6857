"""Files that are no text in UTF-8 are called by their name."""

from __future__ import annotations

from pathlib import Path

import pytest

from spacy_bertadapt.readers.lines import read_lines


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a,b".encode("utf-16"), r"C036.*iconv -f UTF-16"),
        (b"\xfe\xff" + "a,b".encode("utf-16-be"), r"C036.*iconv -f UTF-16"),
        (b"PK\x03\x04\x14\x00", r"C037.*as CSV"),
        ("caf\xe9".encode("latin-1"), r"C005.*iconv -f CP1252"),
    ],
)
def test_the_remedy_is_that_of_the_format(content: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message):
        list(read_lines(path))
