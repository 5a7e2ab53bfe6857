"""`bertadapt convert`."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest
import spacy
from spacy.training import Corpus

from spacy_bertadapt.planning.conversion import convert
from spacy_bertadapt.tasks import get_task


def test_writes_all_texts_in_order(write_rows: Callable, run: Callable, tmp_path: Path) -> None:
    output = tmp_path / "new" / "folder" / "data.spacy"
    result = run("convert", write_rows(), output)
    assert result.exit_code == 0, result.output
    examples = list(Corpus(output)(spacy.blank("en")))
    assert [example.reference.text for example in examples][:2] == ["my parcel never arrived", "where is the parcel"]
    assert examples[0].reference.cats == {"delivery": 1.0, "payment": 0.0, "returns": 0.0}
    assert "6 texts" in result.output
    assert "50.0%" in result.output


def test_columns_and_separator(tmp_path: Path, run: Callable) -> None:
    source, output = tmp_path / "data.tsv", tmp_path / "data.spacy"
    source.write_text("a|b\tfirst\nb\tsecond\n", encoding="utf8")
    result = run("convert", source, output, "--reader.text", 1, "--reader.label", 0, "--reader.label_separator", "|")
    assert result.exit_code == 0, result.output
    (first, _) = Corpus(output)(spacy.blank("en"))
    assert first.reference.cats == {"a": 1.0, "b": 1.0}


def test_cats_of_jsonl_and_limit(tmp_path: Path, run: Callable) -> None:
    source, output = tmp_path / "data.jsonl", tmp_path / "data.spacy"
    source.write_text('{"text": "x", "topics": {"a": 0.0}}\n' * 3, encoding="utf8")
    result = run("convert", source, output, "--reader.cats", "topics", "--limit", 2)
    assert result.exit_code == 0, result.output
    examples = list(Corpus(output)(spacy.blank("en")))
    assert [example.reference.cats for example in examples] == [{"a": 0.0}] * 2


@pytest.mark.parametrize("labels", ["delivery,payment", '["delivery", "payment"]'])
def test_a_list_with_commas_or_as_json(labels: str, write_rows: Callable, run: Callable, tmp_path: Path) -> None:
    data, output = write_rows([("a parcel", "delivery")]), tmp_path / "data.spacy"
    result = run("convert", data, output, "--reader.labels", labels, "--reader.label_separator=1")
    assert result.exit_code == 0, result.output
    (example,) = Corpus(output)(spacy.blank("en"))
    assert example.reference.cats == {"delivery": 1.0, "payment": 0.0}


def test_other_suffix_is_an_error(write_rows: Callable, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="E507"):
        convert(write_rows(), tmp_path / "data.bin", task=get_task("textcat"))


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (["--task", "poetry"], "E501"),
        (["--task", "zeroshot"], "E501"),
        (["--reader.text", "body"], "C009"),
        (["--lang", "zz"], "E048"),
        (["--reader.body", "x"], "E508"),
        (["--train.x", 1], "E510"),
        (["more"], "E528"),
        (["--reader.header", "perhaps"], "C032"),
        (["--reader.label_separator", "[1", "--reader.labels", "[1"], "C020"),
    ],
)
def test_errors_are_one_paragraph(
    args: list[str], code: str, write_rows: Callable, run: Callable, tmp_path: Path
) -> None:
    result = run("convert", write_rows(), tmp_path / "data.spacy", *args)
    assert result.exit_code == 1
    assert f"[{code}]" in result.output
    assert not (tmp_path / "data.spacy").exists()


def test_a_folder_without_data(run: Callable, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    result = run("convert", tmp_path / "empty", tmp_path / "data.spacy")
    assert result.exit_code == 1
    assert "[E540]" in result.output
    assert not (tmp_path / "data.spacy").exists()


def test_missing_file(run: Callable, tmp_path: Path) -> None:
    result = run("convert", tmp_path / "none.csv", tmp_path / "data.spacy")
    assert result.exit_code == 1
    assert "[E502]" in result.output


@pytest.mark.skipif(find_spec("sudachipy") is not None, reason="SudachiPy is installed")
def test_a_language_whose_package_is_missing(run: Callable, write_rows: Callable, tmp_path: Path) -> None:
    result = run("convert", write_rows(), tmp_path / "a.spacy", "--lang", "ja")
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit), result.exception
    assert "SudachiPy" in result.output
