"""An output that can't be written is told before the work."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from spacy_bertadapt.cli.output import check_output


def test_new_files_and_folders_may_be_made(tmp_path: Path) -> None:
    check_output(tmp_path / "a" / "b" / "file.json")
    (tmp_path / "there.json").touch()
    check_output(tmp_path / "there.json")
    assert [path.name for path in tmp_path.iterdir()] == ["there.json"]


def test_what_can_not_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match=r"E527\] .*is a file, and no folder"):
        check_output(tmp_path / "file" / "a" / "x.json")
    with pytest.raises(OSError, match=r"E527\] .*it is a folder"):
        check_output(tmp_path)


@pytest.mark.parametrize("name", ["file/x", "file/x.spacy", "n" * 300 + ".spacy", "n" * 300 + "/x.spacy"])
def test_commands_say_it_in_one_line_and_first(name: str, run: Callable, write_rows: Callable, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    output, data = tmp_path / name, write_rows([("a", "")])  # this data can't be used, which would be said next
    commands = (
        ("convert", data, output),
        ("evaluate", "no_such_pipeline", data, "--output", output),
        ("init-config", output, "--train", data, "--dev", data, "--encoder", "none"),
    )
    for command in commands:
        result = run(*command)
        assert result.exit_code == 1
        assert isinstance(result.exception, SystemExit)
        assert ("[E527]" in result.output) or ("[E524]" in result.output)
