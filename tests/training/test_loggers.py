"""The record of a training: one line of JSON for each evaluation."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
import spacy
import srsly
from spacy import registry
from spacy.language import Language


@pytest.fixture
def nlp() -> Language:
    nlp = spacy.blank("en")
    nlp.config["training"].update({"max_steps": 2, "eval_frequency": 1, "score_weights": {"cats_score": 1.0}})
    return nlp


def evaluation(step: int, output: Path | None) -> dict[str, Any]:
    """What spaCy's training loop says of an evaluation. output: of `spacy train`."""
    info = {"step": step, "epoch": 0, "seconds": 1, "words": 9, "score": 0.5, "losses": {}}
    place = {} if output is None else {"output_path": str(output / "model-last")}
    return {**info, "other_scores": {"cats_score": 0.5}, **place}


def run(nlp: Language, output: Path | None, **settings: Any) -> None:
    logger = registry.get("loggers", "spacy-bertadapt.RecordLogger.v1")(progress_bar=None, **settings)
    log, finish = logger(nlp, io.StringIO(), io.StringIO())
    for info in (evaluation(0, output), None, evaluation(2, output)):
        log(info)
    finish()


def test_the_record_stands_in_the_output_folder(nlp: Language, tmp_path: Path) -> None:
    for _ in range(2):  # the second run replaces the record of the first
        run(nlp, tmp_path / "out")
        rows = list(srsly.read_jsonl(tmp_path / "out" / "log.jsonl"))
        assert [row["step"] for row in rows] == [0, 2]
        assert rows[0]["scores"] == {"cats_score": 0.5}


def test_the_record_stands_where_it_is_asked_for(nlp: Language, tmp_path: Path) -> None:
    run(nlp, tmp_path / "out", output_file=str(tmp_path / "logs" / "run.jsonl"))
    assert len(list(srsly.read_jsonl(tmp_path / "logs" / "run.jsonl"))) == 2
    assert not (tmp_path / "out").exists()


def test_training_without_an_output_leaves_no_file(
    nlp: Language, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run(nlp, None)
    assert list(tmp_path.iterdir()) == []
