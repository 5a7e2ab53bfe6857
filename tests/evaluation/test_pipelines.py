"""Pipelines and configs that can't be read are told in one line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import spacy

from spacy_bertadapt.evaluation.pipelines import load_pipeline, load_with_networks, read_config

CONFIG = '[nlp]\nlang = "en"\npipeline = []\n'


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """A saved pipeline without components."""
    spacy.blank("en").to_disk(tmp_path / "pipeline")
    return tmp_path / "pipeline"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "no JSON"),
        ("{", "no JSON"),
        ("[" * 5000, "no JSON"),
        ("null", "no JSON object"),
        ("[1]", "no JSON object"),
        ("{}", "'lang' in meta.json is None"),
        ('{"lang": "en", "name": 5}', "'name' in meta.json is 5"),
    ],
    ids=range(7),
)
def test_a_broken_meta_is_named(content: str, reason: str, saved: Path) -> None:
    (saved / "meta.json").write_text(content, encoding="utf8")
    with pytest.raises(ValueError, match=rf"^\[E523\] [^\n]*pipeline' can't be loaded: [^\n]*{reason}[^\n]*$"):
        load_pipeline(str(saved))


@pytest.mark.parametrize("version", [5, "not a version", [], {"a": 1}, None])
@pytest.mark.filterwarnings("ignore:\\[W09[45]\\]")
def test_a_version_of_spacy_that_is_none(version: Any, saved: Path) -> None:
    meta = json.loads((saved / "meta.json").read_text(encoding="utf8"))
    (saved / "meta.json").write_text(json.dumps({**meta, "spacy_version": version}), encoding="utf8")
    with pytest.raises(ValueError, match=r"^\[E523\] [^\n]*$"):
        load_pipeline(str(saved))


@pytest.mark.parametrize("name", ["tokenizer", "vocab/strings.json"])
@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"[1]"])
def test_other_broken_files(name: str, content: bytes, saved: Path) -> None:
    (saved / name).write_bytes(content)
    with pytest.raises(ValueError, match=r"^\[E523\] [^\n]*$"):
        load_pipeline(str(saved))


def test_a_config_in_latin_1_is_named(saved: Path, tmp_path: Path, run: Callable) -> None:
    path = tmp_path / "latin.cfg"
    path.write_bytes((CONFIG + "# caf\xe9\n").encode("latin1"))
    with pytest.raises(ValueError, match=r"E522\] \S+latin\.cfg can't be read .*save it as UTF-8"):
        read_config(path, {})
    with pytest.raises(ValueError, match="E522"):
        load_with_networks(str(path), {})
    for command in (("show", path), ("compare", path, "-o", tmp_path / "out")):
        result = run(*command)
        assert result.exit_code == 1
        assert "[E522]" in result.output
    (saved / "config.cfg").write_bytes(path.read_bytes())
    with pytest.raises(ValueError, match="E523"):
        load_pipeline(str(saved))


@pytest.mark.parametrize("lines", ["lang = 5\npipeline = []", 'lang = "en"\npipeline = 5', "lang = []\npipeline = {}"])
def test_a_config_with_values_of_other_types(lines: str, tmp_path: Path, run: Callable) -> None:
    (tmp_path / "a.cfg").write_text(f"[nlp]\n{lines}\n", encoding="utf8")
    result = run("show", tmp_path / "a.cfg")
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)


def test_a_missing_config(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="E520"):
        read_config(tmp_path / "none.cfg", {})
