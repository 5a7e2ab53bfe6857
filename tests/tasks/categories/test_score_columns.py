"""Columns of numbers, read by the readers of texts and of pairs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import spacy

from spacy_bertadapt.errors import InvalidError
from spacy_bertadapt.readers.settings import check_setting, read_setting, setting_types
from spacy_bertadapt.tasks.textcat.reader import TextcatCorpus

CSV = "text,stars,price\ngood film,4.5,10\nbad film,1,\n,-2e-1,3\n"


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., list[tuple[Any, dict[str, float]]]]:
    """Writes a file, and reads it by a reader of a config: texts and numbers."""

    def read(content: str, name: str = "a.csv", reader: str = "TextcatCorpus", **settings: Any) -> list:
        path = tmp_path / name
        path.write_text(content, encoding="utf8")
        block = {"@readers": f"spacy-bertadapt.{reader}.v1", "path": str(path), **settings}
        corpus = spacy.registry.resolve({"corpus": block})["corpus"]
        examples = list(corpus(spacy.blank("en")))
        assert all(example.predicted.cats == {} for example in examples)
        return [(example.reference.text, example.reference.cats) for example in examples]

    return read


def test_numbers_stand_under_the_names_of_their_columns(read: Callable) -> None:
    assert read(CSV, scores=["stars", "price"]) == [
        ("good film", {"stars": 4.5, "price": 10.0}),
        ("bad film", {"stars": 1.0}),
        ("", {"stars": -0.2, "price": 3.0}),
    ]


def test_columns_by_number_and_other_names(read: Callable) -> None:
    settings = {"header": True, "text": 0, "scores": [2, 1]}
    with pytest.warns(UserWarning, match=r"W401.*a.csv:2: no number"):
        rows = read("text,stars,price\nx,,\ny,1,2\n", **settings, labels=["price", "rating"])
    assert rows == [("y", {"price": 2.0, "rating": 1.0})]
    assert read("text,stars\ny,1\n", text=0, scores=[1], header=True) == [("y", {"1": 1.0})]


def test_json_lines(read: Callable) -> None:
    content = '{"text": "x", "stars": 3}\n{"text": "y", "stars": "2.5"}\n{"text": "z", "stars": null, "a": 1}\n'
    with pytest.warns(UserWarning, match=r"W401.*a.jsonl:3: no number"):
        assert read(content, "a.jsonl", scores=["stars"]) == [("x", {"stars": 3.0}), ("y", {"stars": 2.5})]


def test_pairs(read: Callable) -> None:
    content = "a\tb\trelatedness\nIt rains.\tIt is wet.\t4.1\n"
    settings = {"premise": "a", "hypothesis": "b", "scores": ["relatedness"]}
    assert read(content, "a.tsv", "PairCorpus", **settings) == [("It rains. [SEP] It is wet.", {"relatedness": 4.1})]


@pytest.mark.parametrize("value", ["high", "3,5", "nan", "inf", "1_000", "1e999"])
def test_what_is_no_number_is_named_with_its_line(read: Callable, value: str) -> None:
    with pytest.raises(InvalidError, match=rf"E363\] \S+a.tsv:3: 'stars' is '{value}'"):
        read(f"text\tstars\nx\t1\ny\t{value}\n", "a.tsv", scores=["stars"])


@pytest.mark.parametrize("value", ["true", "[1]", '{"a": 1}', '"x"', "1" + "0" * 400])
def test_what_is_no_number_in_json(read: Callable, value: str) -> None:
    with pytest.raises(InvalidError, match=r"E363\] \S+a.jsonl:1: 'stars' is"):
        read(f'{{"text": "x", "stars": {value}}}\n', "a.jsonl", scores=["stars"])


def test_a_column_that_is_not_there(read: Callable) -> None:
    with pytest.raises(InvalidError, match=r"C009.*'rating'"):
        read(CSV, scores=["rating"])


@pytest.mark.parametrize(("setting", "value"), [("cats", "cats"), ("label_separator", "|")])
def test_labels_and_numbers_at_once(read: Callable, setting: str, value: str) -> None:
    with pytest.raises(InvalidError, match=rf"E367.*`{setting}`"):
        read(CSV, scores=["stars"], **{setting: value})


def test_a_name_for_each_column(read: Callable) -> None:
    with pytest.raises(InvalidError, match=r"E364\] 1 names in `labels`.*2 columns"):
        read(CSV, scores=["stars", "price"], labels=["stars"])


@pytest.mark.parametrize(
    ("text", "meant"), [("stars", ["stars"]), ("stars,2", ["stars", 2]), ('["stars", 2]', ["stars", 2])]
)
def test_columns_on_the_command_line(text: str, meant: list[str | int]) -> None:
    annotation = setting_types(TextcatCorpus)["scores"]
    assert read_setting(text, annotation) == meant
    with pytest.raises(InvalidError, match="a list of columns"):
        check_setting("TextcatCorpus", "scores", 1.5, annotation)
