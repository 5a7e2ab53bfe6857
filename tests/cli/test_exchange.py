"""`bertadapt import` and `bertadapt export`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import spacy
import torch
from transformers import AutoConfig, AutoModelForTokenClassification, AutoTokenizer


@pytest.fixture
def tagger(tiny_bert: Path, tmp_path: Path) -> Path:
    """A token classifier, as Transformers saves it."""
    labels = dict(enumerate(["O", "B-PERSON", "I-PERSON"]))
    torch.manual_seed(0)
    config = AutoConfig.from_pretrained(tiny_bert, id2label=labels)
    AutoModelForTokenClassification.from_config(config).save_pretrained(tmp_path / "tagger")
    AutoTokenizer.from_pretrained(tiny_bert).save_pretrained(tmp_path / "tagger")
    return tmp_path / "tagger"


def test_there_and_back(tagger: Path, run: Callable, tmp_path: Path) -> None:
    pipeline, checkpoint = tmp_path / "new" / "pipeline", tmp_path / "new" / "checkpoint"
    result = run("import", tagger, pipeline, "--name", "ner", "--lang", "de")
    assert result.exit_code == 0, result.output
    assert "PERSON" in result.output
    assert "not named by the checkpoint" in result.output
    nlp = spacy.load(pipeline)
    assert (nlp.lang, nlp.pipe_names) == ("de", ["ner"])
    result = run("export", pipeline, checkpoint)
    assert result.exit_code == 0, result.output
    assert AutoModelForTokenClassification.from_pretrained(checkpoint).config.id2label[1] == "B-PERSON"


def test_what_is_there_is_kept_without_force(tagger: Path, run: Callable, tmp_path: Path) -> None:
    pipeline, checkpoint = tmp_path / "pipeline", tmp_path / "checkpoint"
    for command in (("import", tagger, pipeline), ("export", pipeline, checkpoint)):
        assert run(*command).exit_code == 0
        result = run(*command)
        assert result.exit_code == 1
        assert "--force" in result.output
        assert run(*command, "--force").exit_code == 0
    assert spacy.load(pipeline).pipe_names == ["bert_ner"]


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (("import", "ENCODER", "OUT"), "E551"),
        (("import", "ENCODER", "OUT", "--task", "none"), "E501"),
        (("import", "no/such/checkpoint", "OUT"), "E101"),
        (("import", "TAGGER", "OUT", "--problem-type", "regression"), "E554"),
        (("import", "TAGGER", "OUT", "--name", "vocab"), "E138"),
        (("import", "TAGGER", "OUT", "--name", "a.b"), "E565"),
        (("export", "no_such_pipeline", "OUT"), "no_such_pipeline"),
    ],
)
def test_errors_are_one_line(
    command: tuple[str, ...], message: str, tagger: Path, tiny_bert: Path, run: Callable, tmp_path: Path
) -> None:
    places = {"ENCODER": tiny_bert, "TAGGER": tagger, "OUT": tmp_path / "out"}
    result = run(*(places.get(part, part) for part in command))
    assert result.exit_code == 1, result.output
    assert message in result.output
    assert "Traceback" not in result.output
    assert not (tmp_path / "out").exists()
