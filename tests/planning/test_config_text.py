"""Values and comments survive the way into a config and back."""

from __future__ import annotations

from pathlib import Path

import pytest
from spacy import util
from thinc.api import Config

from spacy_bertadapt.errors import InvalidError
from spacy_bertadapt.planning.blocks import Block, Variable
from spacy_bertadapt.planning.config_text import SKELETON, read_skeleton, to_setting, write_block


@pytest.mark.parametrize(
    "value", ["plain", "a$b/$1", "100 %", 'quo"te', "back\\slash", "ümlaut", None, True, 5e-5, 3, [], "3", {"a.b": 1}]
)
def test_values_round_trip(value: object) -> None:
    config = Config().from_str(f"[block]\nvalue = {to_setting(value)}\n[other]\nsame = ${{block.value}}\n")
    assert config["block"]["value"] == value
    assert config["other"]["same"] == value


@pytest.mark.parametrize("value", ["a$b.csv", "$", "$$", "a$", "$1/$x$$y", "100 % $", '$"', "\\u0024", ["$a", "b$"]])
def test_spacy_reads_dollars_as_they_are(value: object, tmp_path: Path) -> None:
    path = tmp_path / "a.cfg"
    path.write_text(f"[paths]\nvalue = {to_setting(value)}\n[corpora]\nsame = ${{paths.value}}\n", encoding="utf8")
    config = util.load_config(path)
    for read in (config, config.interpolate(), config.interpolate().interpolate()):
        assert read["paths"]["value"] == value
    assert config.interpolate()["corpora"]["same"] == value


@pytest.mark.parametrize("value", ["a${b}.csv", "${paths.dev}", {"${": 1}, "caf\udce9.csv"])
def test_what_can_not_stand_in_a_config_is_refused(value: object) -> None:
    with pytest.raises(InvalidError, match=r"E526\]"):
        to_setting(value)


def test_the_skeleton_is_read_as_thinc_reads_it() -> None:
    config, notes = read_skeleton()
    assert config == Config().from_disk(SKELETON, interpolate=False)
    text = SKELETON.read_text(encoding="utf8")
    assert list(notes.values()) == [line.removeprefix("# ") for line in text.splitlines() if line.startswith("#")]
    assert notes["paths.encoder"] == "a hub id, a directory, or package:NAME"
    assert write_block(config, notes) == text.replace("\n\n\n", "\n\n")


def test_blocks_in_blocks_and_objects_that_are_none() -> None:
    inner = Block({"@misc": "f", "rates": {"a.*": 0.5}})
    config = Block({"top": Block({"inner": inner, "x": Variable("${top.y}"), "y": "$1"})})
    text = write_block(config, {"top.x": "why\nand how", "top.inner": "what"})
    assert text == (
        '[top]\n# why\n# and how\nx = ${top.y}\ny = "\\u00241"\n\n'
        '[top.inner]\n# what\n@misc = "f"\nrates = {"a.*":0.5}\n'
    )
    assert Config().from_str(text)["top"] == {"x": "$1", "y": "$1", "inner": dict(inner)}


def test_long_comments_take_several_lines() -> None:
    lines = write_block(Block({"a": Block({"b": 1})}), {"a.b": "word " * 40}).splitlines()
    assert [line[:6] for line in lines] == ["[a]", "# word", "# word", "b = 1"]
    assert max(map(len, lines)) <= 120
