"""Benchmarks are run in one way, from the root of the repository: `python -m benchmarks.NAME`."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FOLDERS = (ROOT / "benchmarks", ROOT / "benchmarks/reliability", ROOT / "benchmarks/serving")
SCRIPTS = [path for folder in FOLDERS for path in sorted(folder.glob("*.py"))]
TEXTS = [*SCRIPTS, *ROOT.glob("docs/*.md"), *ROOT.glob("*.md"), ROOT / "Makefile", ROOT / "project.yml"]
COMMAND = re.compile(r"python -m (benchmarks(?:\.\w+)+)")
OTHER_WAYS = re.compile(r"cd benchmarks|python benchmarks|python \w+\.py")


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_scripts_import_each_other_as_modules_of_one_package(path: Path) -> None:
    siblings = {other.stem for other in path.parent.iterdir()}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf8"))):
        if isinstance(node, ast.ImportFrom) and node.level == 0:
            assert str(node.module).partition(".")[0] not in siblings, f"{path.name}:{node.lineno}"
        if isinstance(node, ast.ImportFrom) and node.level > 0:
            folder = path.parents[node.level - 1]
            assert (folder / f"{(node.module or '').replace('.', '/')}.py").is_file(), f"{path.name}:{node.lineno}"


def test_commands_name_benchmarks_that_there_are() -> None:
    commands = {name for path in TEXTS for name in COMMAND.findall(path.read_text(encoding="utf8"))}
    assert len(commands) > 20
    for name in sorted(commands):
        script = ROOT / f"{name.replace('.', '/')}.py"
        assert script.is_file(), name
        assert '__name__ == "__main__"' in script.read_text(encoding="utf8"), name


def test_there_is_no_other_way() -> None:
    lines = [(path.name, line) for path in TEXTS for line in OTHER_WAYS.findall(path.read_text(encoding="utf8"))]
    assert lines == []
