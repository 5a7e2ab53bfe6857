"""Small data files, and the command line as users call it."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import spacy.cli  # noqa: F401 (adds spaCy's commands)
from click.testing import Result
from spacy.cli._util import app
from typer.testing import CliRunner

import spacy_bertadapt.cli  # noqa: F401 (adds ours)

Rows = Sequence[tuple[str, str]]

ROWS: Rows = (
    ("my parcel never arrived", "delivery"),
    ("where is the parcel", "delivery"),
    ("the courier was late again", "delivery"),
    ("my card was charged twice", "payment"),
    ("the invoice is wrong", "payment"),
    ("how do I return the shoes", "returns"),
)


@pytest.fixture
def write_rows(tmp_path: Path) -> Callable[..., Path]:
    """Writes texts and labels as CSV, with a header."""

    def write(rows: Rows = ROWS, name: str = "data.csv") -> Path:
        path = tmp_path / name
        with path.open("w", encoding="utf8", newline="") as stream:
            csv.writer(stream).writerows([("text", "label"), *rows])
        return path

    return write


@pytest.fixture
def run() -> Callable[..., Result]:
    """Runs `python -m spacy bertadapt` with arguments."""
    return lambda *args: CliRunner().invoke(app, ["bertadapt", *map(str, args)])
