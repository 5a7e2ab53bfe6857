"""An output that can't be written is told before the work."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from spacy_bertadapt.cli.output import check_output


def test_new_files_and_folders_may_be_made(tmp_path: Path) -> None:
    check_output(tmp_path / "a" / "b" / "file.json", inputs=[])
    (tmp_path / "there.json").touch()
    check_output(tmp_path / "there.json", inputs=[tmp_path])
    assert [path.name for path in tmp_path.iterdir()] == ["there.json"]


def test_what_can_not_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match=r"E527\] .*is a file, and no folder"):
        check_output(tmp_path / "file" / "a" / "x.json", inputs=[])
    with pytest.raises(OSError, match=r"E527\] .*it is a folder"):
        check_output(tmp_path, inputs=[])


@pytest.mark.parametrize("name", ["file/x", "file/x.spacy", "n" * 300 + ".spacy", "n" * 300 + "/x.spacy"])
def test_commands_say_it_in_one_line_and_first(name: str, run: Callable, write_rows: Callable, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    output, data = tmp_path / name, write_rows([("a", "")])  # this data can't be used, which would be said next
    commands = (
        ("convert", data, output),
        ("evaluate", "no_such_pipeline", data, "--output", output),
        ("init-config", output.with_suffix(".cfg"), "--train", data, "--dev", data, "--encoder", "none"),
    )
    for command in commands:
        result = run(*command)
        assert result.exit_code == 1
        assert isinstance(result.exception, SystemExit)
        assert ("[E527]" in result.output) or ("[E524]" in result.output)


def test_no_command_writes_over_its_input(run: Callable, write_rows: Callable, tmp_path: Path) -> None:
    data, config, texts = write_rows(), tmp_path / "full" / "config.cfg", tmp_path / "log.jsonl"
    docs, link = tmp_path / "docs.spacy", tmp_path / "link.spacy"
    config.parent.mkdir()
    for path in (config, texts, docs):
        path.write_text(path.name, encoding="utf8")
    link.symlink_to(docs)
    named_cfg = data.rename(tmp_path / "data.cfg")
    commands = (
        ("evaluate", "no_such_pipeline", texts, "--output", texts),
        ("convert", docs, link),
        ("convert", tmp_path, docs),
        ("init-config", named_cfg, "-F", "--train", named_cfg, "--dev", docs),
        ("compare", config, "-o", tmp_path, "-s", "full"),
        ("pretrain", texts, tmp_path, "-e", "none"),
        ("pretrain", docs, tmp_path, "--dev", texts, "-e", "none"),
    )
    before = {path: path.read_bytes() for path in (named_cfg, config, texts, docs)}
    for command in commands:
        result = run(*command)
        assert result.exit_code == 1, command
        assert "[E532]" in result.output, result.output
    assert {path: path.read_bytes() for path in before} == before


def test_a_pipeline_is_an_input(tmp_path: Path) -> None:
    (tmp_path / "meta.json").touch()
    with pytest.raises(ValueError, match="E532"):
        check_output(tmp_path / "meta.json", inputs=[tmp_path])


def test_pretraining_does_not_replace_the_encoder_that_it_starts_from(run: Callable, tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "texts.txt").write_text("a", encoding="utf8")
    result = run("pretrain", tmp_path / "texts.txt", tmp_path, "-e", tmp_path / "model", "--force")
    assert result.exit_code == 1
    assert "[E532]" in result.output


def test_a_config_is_named_as_one(run: Callable, write_rows: Callable, tmp_path: Path) -> None:
    data = write_rows()
    for name in ("new.csv", "-"):
        result = run("init-config", tmp_path / name, "--train", data, "--dev", data)
        assert result.exit_code == 1
        assert "[E533]" in result.output
