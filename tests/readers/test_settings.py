"""Settings of readers: as the command line gives them, and checked by type."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import spacy
from thinc.api import ConfigValidationError

from spacy_bertadapt.planning.data_files import parse_settings
from spacy_bertadapt.readers.settings import read_setting
from spacy_bertadapt.tasks import TASKS

STRINGS = Sequence[str] | None


@pytest.mark.parametrize(
    ("text", "annotation", "value"),
    [
        ("delivery,payment", STRINGS, ["delivery", "payment"]),
        (" a , b,", STRINGS, ["a", "b"]),
        ('["a,b", "c"]', STRINGS, ["a,b", "c"]),
        ("one", STRINGS, ["one"]),
        ("1,null", STRINGS, ["1", "null"]),
        ("2024", STRINGS, ["2024"]),
        ("null", STRINGS, None),
        ("1, -1", Sequence[int] | None, [1, -1]),
        ("3", Sequence[int] | None, [3]),
        ("1", str | None, "1"),
        ("1e3", str | None, "1e3"),
        ("true", str | None, "true"),
        ('"', str | None, '"'),
        ("[1]", str | None, "[1]"),
        ("null", str | None, None),
        ("1", str | int, 1),
        ('"1"', str | int, "1"),
        ("body", str | int, "body"),
        ("1.5", str | int, "1.5"),
        ("false", bool | None, False),
        ('{"e": "entailment"}', Mapping[str, str] | None, {"e": "entailment"}),
    ],
)
def test_texts_of_the_command_line(text: str, annotation: Any, value: object) -> None:
    assert read_setting(text, annotation) == value


WRONG = [
    ("textcat", "labels", "[1, 2]", [1, 2]),
    ("textcat", "labels", '{"a": 1}', "delivery,payment"),
    ("textcat", "label_separator", '["a"]', 1),
    ("textcat", "text", '["a"]', ["a"]),
    ("textcat", "header", "yes", 1),
    ("textcat", "limit", "1.5", True),
    ("nli", "label_map", "x", "x"),
    ("nli", "label_map", '{"a": 1}', {"a": 1}),
    ("ner", "tag", "ner", "3"),
    ("ner", "gold_preproc", "1", "true"),
    ("spancat", "tags", "1,x", "12"),
    ("spancat", "spans_key", None, None),
    ("qa", "answerable_only", "no", "no"),
]


@pytest.mark.parametrize(("task", "name", "text", "value"), WRONG)
def test_a_value_of_another_type_is_an_error(task: str, name: str, text: str | None, value: object) -> None:
    reader = TASKS[task].reader_class
    with pytest.raises(ValueError, match=rf"C032\] {reader.__name__}: {name} = .* Write [^{{}}]+\."):
        reader("data", **{name: value})
    if text is not None and not (text.startswith("[") and name in ("label_separator", "text")):
        with pytest.raises(ValueError, match=rf"C032\] {reader.__name__}: {name} = "):
            parse_settings(TASKS[task], {name: text})


@pytest.mark.parametrize(("task", "name", "text", "value"), WRONG)
def test_a_value_of_another_type_in_a_config_is_an_error(task, name, text, value) -> None:
    block = {"@readers": TASKS[task].reader, "path": "data", name: value}
    with pytest.raises((ConfigValidationError, ValueError), match=name):
        spacy.registry.resolve({"corpus": block})


def test_values_of_the_right_type_pass(tmp_path: Path) -> None:
    TASKS["textcat"].reader_class(tmp_path / "a.csv", text=0, label=-1, labels=("a", "b"), header=None, limit=3)
    TASKS["spancat"].reader_class("a.conll", tags=[1, 2])
    with pytest.raises(TypeError, match="unexpected keyword"):
        TASKS["qa"].reader_class("a.json", text=1)


def test_a_limit_below_0_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"E308\] limit = -1"):
        TASKS["qa"].reader_class("a.json", limit=-1)


def test_a_setting_that_the_reader_does_not_have() -> None:
    with pytest.raises(ValueError, match=r"E508\].*'path'"):
        parse_settings(TASKS["qa"], {"path": "x"})
