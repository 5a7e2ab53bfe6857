"""`apply` as users call it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import spacy
from click.testing import Result

from spacy_bertadapt.cli import apply as command
from spacy_bertadapt.serving import apply as module

TEXTS = ["my parcel never arrived", "my card was charged twice"]


@pytest.fixture
def place(learned_textcat: Callable, tiny_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with a pipeline and a file of rows; a text of the last one is missing."""
    learned_textcat(tiny_bert).to_disk(tmp_path / "pipeline")
    rows = [{"review": text, "id": number} for number, text in enumerate([*TEXTS, None])]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def one_line(result: Result) -> str:
    assert result.exit_code == 1, result.output
    return " ".join(result.output.split())


def test_rows_of_a_file(run: Callable[..., Result], place: Path) -> None:
    result = run("apply", "pipeline", "rows.jsonl", "done.jsonl", "--columns", "text=review", "--prefix", "my_")
    assert result.exit_code == 0, result.output
    output = " ".join(result.output.split())
    assert "[W580] 1 of 3 rows could not be read" in output
    assert "Wrote 1 file to done.jsonl: 3 rows in" in output
    rows = [json.loads(line) for line in (place / "done.jsonl").read_text().splitlines()]
    nlp = spacy.load(place / "pipeline")
    for row, text in zip(rows, TEXTS, strict=False):
        assert row["my_scores"] == pytest.approx(nlp(text).cats, abs=1e-5)
    assert [row["my_error"] is None for row in rows] == [True, True, False]


def test_a_column_is_missing(run: Callable[..., Result], place: Path) -> None:
    message = one_line(run("apply", "pipeline", "rows.jsonl", "out"))
    assert "rows.jsonl: [E581] The data has no column 'text'" in message
    assert "--columns text=review" in message
    assert "Wrote" not in message
    corrected = run("apply", "pipeline", "rows.jsonl", "out", "--columns", "text=review")
    assert corrected.exit_code == 0, "a run that wrote nothing is not in the way"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere", "rows.jsonl", "out"], "nowhere"),
        (["pipeline", "nothing.csv", "out"], "E502"),
        (["pipeline", "rows.jsonl", "rows.jsonl"], "E532"),
        (["pipeline", "rows.jsonl", "out", "--columns", "review"], "--columns = 'review' is not possible"),
        (["pipeline", "rows.jsonl", "out", "--columns", "premise=review"], "E308"),
        (["pipeline", "rows.jsonl", "out", "--task", "ner"], "E584"),
        (["pipeline", "rows.jsonl", "out", "--gpu-id", "99"], "E537"),
    ],
)
def test_mistakes_are_one_line(run: Callable[..., Result], place: Path, arguments: list[str], message: str) -> None:
    assert message in one_line(run("apply", *arguments))
    assert not (place / "out").exists()


def test_interrupted(run: Callable[..., Result], place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "apply", interrupted)
    result = run("apply", "pipeline", "rows.jsonl", "out")
    assert result.exit_code == command.INTERRUPTED
    assert "--resume" in result.output
