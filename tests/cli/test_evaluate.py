"""`bertadapt evaluate`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import spacy
import srsly
from spacy.tokens import DocBin

from spacy_bertadapt.cli.scores import show_scores
from spacy_bertadapt.evaluation.evaluate import evaluate
from spacy_bertadapt.planning.conversion import convert
from spacy_bertadapt.tasks import TASKS


@pytest.fixture
def pipeline(tmp_path: Path, tiny_bert: Path, write_rows: Callable) -> Path:
    """A saved pipeline with an untrained head."""
    from spacy_bertadapt.tasks.textcat.reader import TextcatCorpus

    nlp = spacy.blank("en")
    nlp.add_pipe("bert_textcat", config={"model": {"encoder": {"name": str(tiny_bert)}}})
    corpus = TextcatCorpus(write_rows())
    nlp.initialize(lambda: corpus(nlp))
    nlp.to_disk(tmp_path / "pipeline")
    return tmp_path / "pipeline"


def test_prints_and_writes_every_score(pipeline: Path, write_rows: Callable, run: Callable, tmp_path: Path) -> None:
    output = tmp_path / "new" / "metrics.json"
    result = run("evaluate", pipeline, write_rows(), "--output", output)
    assert result.exit_code == 0, result.output
    written = srsly.read_json(output)
    assert {"token_acc", "cats_score", "cats_macro_f", "cats_f_per_type", "speed"} <= set(written)
    assert all(name in result.output for name in [*written, "delivery", "payment", "returns"])


def test_the_data_is_that_of_the_pipelines_task(run: Callable, tmp_path: Path, make_ner: Callable) -> None:
    nlp = spacy.blank("en")
    make_ner(nlp).initialize(lambda: [], nlp=nlp, labels=["PERSON"])
    nlp.to_disk(tmp_path / "pipeline")
    data = tmp_path / "dev.conll"
    data.write_text("Ada B-PERSON\nsings O\n\n", encoding="utf8")
    result = run("evaluate", tmp_path / "pipeline", data)
    assert result.exit_code == 0, result.output
    assert "ents_f" in result.output
    assert run("evaluate", tmp_path / "pipeline", data, "--task", "textcat").exit_code == 1


def test_raw_and_docbin_score_the_same(pipeline: Path, write_rows: Callable, tmp_path: Path) -> None:
    raw, task = write_rows(), TASKS["textcat"]
    convert(raw, tmp_path / "data.spacy", task=task)
    scores = [dict(evaluate(spacy.load(pipeline), data, task=task)) for data in (raw, tmp_path / "data.spacy")]
    for by_name in scores:
        del by_name["speed"]
    assert scores[0] == scores[1]


def test_shows_any_score(capsys: pytest.CaptureFixture) -> None:
    show_scores({"qa_f1": 0.5, "qa_none": None, "desc": "macro F", "by": {"x": {"p": 0.25, "n": 3}, "y": {"p": 1.0}}})
    shown = [line.split() for line in capsys.readouterr().out.splitlines()]
    for row in (["qa_f1", "50.00"], ["qa_none", "-"], ["desc", "macro", "F"], ["P", "N"], ["x", "25.00", "3"]):
        assert row in shown
    assert ["y", "100.00", "-"] in shown


def test_a_broken_pipeline_is_one_line(pipeline: Path, run: Callable, write_rows: Callable) -> None:
    (pipeline / "meta.json").write_text("[]", encoding="utf8")
    result = run("evaluate", pipeline, write_rows())
    assert result.exit_code == 1
    assert "[E523]" in result.output


def test_errors(pipeline: Path, run: Callable, write_rows: Callable, tmp_path: Path) -> None:
    assert "[E502]" in run("evaluate", pipeline, tmp_path / "none.spacy").output
    assert "[E050]" in run("evaluate", "no_such_pipeline", write_rows()).output
    DocBin().to_disk(tmp_path / "empty.spacy")
    assert "[E506]" in run("evaluate", pipeline, tmp_path / "empty.spacy").output
