"""`report` in Python and on the command line, and after a training."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import spacy
import srsly
from spacy.language import Language
from spacy.tokens import DocBin

import spacy_bertadapt
from spacy_bertadapt.errors import InvalidError
from spacy_bertadapt.tasks import TASKS
from tests.fixtures.components import samples_of
from tests.fixtures.training_runs import MakeConfig

from .test_page import rows_of


@pytest.fixture
def pipeline(tmp_path: Path, learned_textcat: Callable, tiny_bert: Path) -> Path:
    """A saved pipeline, with the log of its training beside it."""
    folder = tmp_path / "out" / "model-best"
    folder.mkdir(parents=True)
    learned_textcat(tiny_bert).to_disk(folder)
    row = {"step": 3, "seconds": 2, "score": 0.5, "losses": {"bert_textcat": 2.0}, "scores": {}}
    srsly.write_jsonl(folder.parent / "log.jsonl", [{**row, "step": 0}, row])
    return folder


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The samples that it has learned."""
    path, nlp = tmp_path / "dev.spacy", spacy.blank("en")
    DocBin(docs=[example.reference for example in samples_of("textcat").make_examples(nlp)]).to_disk(path)
    return path


def test_python_and_the_command_write_the_same(pipeline: Path, data: Path, run: Callable, tmp_path: Path) -> None:
    path = spacy_bertadapt.report(spacy.load(pipeline), data, output=tmp_path / "new" / "one.html")
    assert path == tmp_path / "new" / "one.html"
    result = run("report", pipeline, data, "-o", tmp_path / "two.html")
    assert result.exit_code == 0, result.output
    first, second = (name.read_text(encoding="utf8") for name in (path, tmp_path / "two.html"))
    assert rows_of(first) == rows_of(second)
    for shown in ("<title>Report on out/model-best</title>", "Score in training", "9 texts, macro F", "cats_macro_auc"):
        assert shown in first
        assert shown in second


def test_two_pipelines_are_compared(pipeline: Path, data: Path, run: Callable, tmp_path: Path) -> None:
    nlp = spacy.load(pipeline)
    nlp.to_disk(tmp_path / "out" / "model-last")
    output = tmp_path / "both.html"
    result = run(
        "report", pipeline, data, "-o", output, "--compare", tmp_path / "out" / "model-last", "--title", "Both"
    )
    assert result.exit_code == 0, result.output
    page = output.read_text(encoding="utf8")
    assert "out/model-best and out/model-last have the same macro F." in page
    found = rows_of(page)
    assert found["first"] == found["second"]


def test_what_can_not_be_reported_is_one_line(pipeline: Path, data: Path, run: Callable, tmp_path: Path) -> None:
    DocBin(docs=[spacy.blank("en")("no gold")]).to_disk(tmp_path / "bare.spacy")
    for arguments, code in (
        ((pipeline, tmp_path / "bare.spacy"), "[E640]"),
        ((pipeline, tmp_path / "none.csv"), "[E502]"),
        ((pipeline, data, "--log", tmp_path / "none.jsonl"), "[E642]"),
        ((pipeline, data, "-o", data), "[E532]"),
    ):
        result = run("report", *arguments)
        assert result.exit_code == 1
        assert code in result.output


def test_a_broken_log_beside_the_pipeline_is_left_out(pipeline: Path, data: Path, tmp_path: Path) -> None:
    (pipeline.parent / "log.jsonl").write_text("{", encoding="utf8")
    with pytest.warns(UserWarning, match="W641"):
        path = spacy_bertadapt.report(pipeline, data, output=tmp_path / "one.html")
    assert "Score in training" not in path.read_text(encoding="utf8")


def test_a_component_a_section(nlp: Language, make_pipe: Callable, data: Path, tmp_path: Path) -> None:
    """Those without gold have none."""
    make_pipe("textcat", nlp)
    make_pipe("ner", nlp)
    examples = samples_of("textcat").make_examples(nlp) + samples_of("ner").make_examples(nlp)
    nlp.initialize(lambda: examples)
    DocBin(docs=[example.reference for example in examples], store_user_data=True).to_disk(tmp_path / "both.spacy")
    page = spacy_bertadapt.report(nlp, tmp_path / "both.spacy", output=tmp_path / "one.html").read_text(encoding="utf8")
    assert "Text classification (bert_textcat)" in page
    assert "Named entity recognition (bert_ner)" in page
    with pytest.raises(InvalidError, match="E536"):
        spacy_bertadapt.report(nlp, data, task="nli")


def test_every_training_ends_with_a_report(make_config: MakeConfig, run: Callable, tmp_path: Path) -> None:
    make_config("textcat").to_disk(tmp_path / "my.cfg")
    result = run("train", tmp_path / "my.cfg", "-o", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert f"{tmp_path}/out/report.html" in "".join(result.output.split())
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf8")
    for shown in ("Report on out/model-best", "corpora.dev (9 texts)", "Learning rate"):
        assert shown in page
    silent = run("train", tmp_path / "my.cfg", "-o", tmp_path / "none", "--no-report")
    assert silent.exit_code == 0
    assert not (tmp_path / "none" / "report.html").exists()


def test_a_report_that_fails_does_not_fail_the_training(make_config: MakeConfig, run: Callable, tmp_path: Path) -> None:
    make_config("textcat", **{"training.max_steps": 1}).to_disk(tmp_path / "my.cfg")
    (tmp_path / "out" / "report.html").mkdir(parents=True)
    result = run("train", tmp_path / "my.cfg", "-o", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert "[W640]" in result.output


def test_every_task_has_rows() -> None:
    assert all(callable(task.report_rows) for task in TASKS.values())
