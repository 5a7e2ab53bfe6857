"""`bertadapt evaluate`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import spacy
import srsly
from spacy.tokens import DocBin, Span

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


def test_data_and_task_that_give_no_score(pipeline: Path, run: Callable, write_rows: Callable, tmp_path: Path) -> None:
    bare, nlp = tmp_path / "bare.spacy", spacy.blank("en")
    DocBin(docs=[nlp("no label"), nlp("none here")]).to_disk(bare)
    result = run("evaluate", pipeline, bare)
    assert result.exit_code == 1
    assert "[E534] None of the 2 texts" in " ".join(result.output.split())
    for task in ("ner", "spancat", "qa", "nli"):
        result = run("evaluate", pipeline, bare, "--task", task)
        assert result.exit_code == 1
        assert "[E535]" in result.output
        assert "bert_textcat" in result.output
    assert run("evaluate", pipeline, write_rows(), "--limit", 1).exit_code == 0


def test_spans_may_stand_under_another_key(tmp_path: Path, tiny_bert: Path) -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("bert_spancat", config={"spans_key": "other", "model": {"encoder": {"name": str(tiny_bert)}}})
    nlp.get_pipe("bert_spancat").initialize(lambda: [], nlp=nlp, labels=["A"])
    doc = nlp.make_doc("a b")
    doc.spans["other"] = [Span(doc, 0, 1, label="A")]
    DocBin(docs=[doc]).to_disk(tmp_path / "data.spacy")
    assert "spans_other_f" in evaluate(nlp, tmp_path / "data.spacy", task=TASKS["spancat"])


def test_pairs_are_needed_for_a_task_of_pairs(tmp_path: Path, tiny_bert: Path, run: Callable) -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("bert_nli", config={"model": {"encoder": {"name": str(tiny_bert)}}})
    nlp.get_pipe("bert_nli").initialize(lambda: [], nlp=nlp, labels=["a", "b"])
    nlp.to_disk(tmp_path / "pipeline")
    doc = nlp.make_doc("no pair")
    doc.cats = {"a": 1.0, "b": 0.0}
    DocBin(docs=[doc]).to_disk(tmp_path / "data.spacy")
    result = run("evaluate", tmp_path / "pipeline", tmp_path / "data.spacy")
    assert result.exit_code == 1
    assert "[E536]" in result.output


def test_the_folder_of_a_training_is_no_pipeline(pipeline: Path, run: Callable, write_rows: Callable) -> None:
    folder = pipeline.parent / "out"
    folder.mkdir()
    pipeline.rename(folder / "model-best")
    result = run("evaluate", folder, write_rows())
    assert result.exit_code == 1
    assert "[E541]" in result.output
    assert "model-best" in result.output


def test_a_gpu_that_spacy_can_not_use_is_one_line(pipeline: Path, run: Callable, write_rows: Callable) -> None:
    result = run("evaluate", pipeline, write_rows(), "--gpu-id", 99)
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit), result.exception
    assert "[E537]" in result.output


def test_a_folder_without_data(pipeline: Path, run: Callable, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    result = run("evaluate", pipeline, tmp_path / "data")
    assert result.exit_code == 1
    assert "[E540]" in result.output
