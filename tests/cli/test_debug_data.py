"""`bertadapt debug-data` without an encoder."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from spacy_bertadapt.tasks import TRAINED

ASSETS = Path(__file__).parent.parent.parent / "assets"


@pytest.mark.parametrize("task", TRAINED)
def test_without_an_encoder_there_are_no_lengths(task: str, run: Callable) -> None:
    (train,), (dev,) = ASSETS.glob(f"{task}_dev.*"), ASSETS.glob(f"{task}_test.*")
    result = run("debug-data", "--train", train, "--dev", dev, "--task", task)
    assert result.exit_code == 0, result.output
    output = re.sub(r"\s+", " ", re.sub(r"\x1b\[[0-9;]*m", "", result.output))
    assert "ℹ No lengths in subwords: name the encoder" in output
    assert "Label Texts Share" in output
    assert "percentile" not in output
    assert "window" not in output


def test_what_needs_no_tokenizer_is_still_told(run: Callable, tmp_path: Path) -> None:
    path = tmp_path / "a.conll"
    path.write_text("don't\tB-PERSON\n,\tI-PERSON\n", encoding="utf8")
    result = run("debug-data", "--train", path, "--dev", path, "--task", "ner")
    assert "1 entities begin or end with white space or punctuation" in " ".join(result.output.split())


def test_with_an_encoder_there_are_lengths(run: Callable, write_rows: Callable, tiny_bert: Path) -> None:
    result = run("debug-data", "--train", write_rows(), "--dev", write_rows(), "-e", tiny_bert)
    assert "percentile" in result.output


def test_texts_that_are_empty_or_have_other_labels_elsewhere(run: Callable, write_rows: Callable) -> None:
    path = write_rows([("a b", "x"), ("a b", "y"), (" ", "x"), ("", "y"), ("c", "y")])
    output = " ".join(run("debug-data", "--train", path, "--dev", path).output.split())
    assert "1 texts are there with different labels. One of them: 'a b'" in output
    assert "2 texts are empty" in output
    assert "single text" not in output


def test_conll_without_empty_lines_is_one_text(run: Callable, tmp_path: Path) -> None:
    path = tmp_path / "a.conll"
    path.write_text("Ada\tB-PERSON\nsings\tO\n" * 30, encoding="utf8")
    output = " ".join(run("debug-data", "--train", path, "--dev", path, "--task", "ner").output.split())
    assert "an empty line must end each sentence" in output
