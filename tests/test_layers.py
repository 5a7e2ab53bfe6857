"""Imports go downward: the layers of the package, read from the source of every module."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path
from typing import TypeAlias

import pytest

PACKAGE = Path(__file__).parent.parent / "spacy_bertadapt"
NAME = PACKAGE.name
LAYERS = (
    ("errors", "types", "pairs", "files", "folder_swap", "forks"),
    ("subwords",),
    ("network",),
    ("learning",),
    ("component",),
    ("readers",),
    ("planning",),
    ("tasks/",),
    ("tasks", "tasks.pair_docs"),
    ("training",),
    ("pretraining", "evaluation", "exchange", "calibration"),
    ("serving", "reporting"),
    ("fitting",),
    ("viz",),
    ("cli", ""),
)
"""From the ground up. `tasks/` are the folders of tasks, "" is the package's own `__init__`."""

SHARED_BY_TASKS = "categories"
KNOWS_THE_TABLE = ("cli", "training", "tasks", "serving", "fitting", "calibration", "reporting")
FORBIDDEN = {
    "subwords": ("torch", "transformers", "safetensors"),
    "network": ("spacy.tokens", "spacy.training"),
    "learning": ("spacy.tokens", "spacy.training"),
}
Imports: TypeAlias = dict[str, set[str]]
"""By module, without the package's name: the full names of the modules that it imports, wherever in its source."""


def read_imports(package: Path) -> Imports:
    """Return what every module imports, also inside of functions and for type checking alone."""
    files = {_module_name(path.relative_to(package)): path for path in package.rglob("*.py")}
    assert len(files) > 100
    return {module: set(_imports_of(module, path, files)) for module, path in files.items()}


def _module_name(path: Path) -> str:
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imports_of(module: str, path: Path, files: dict[str, Path]) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            origin = _origin(node, module, is_package=path.name == "__init__.py")
            for alias in node.names:
                whole = f"{origin}.{alias.name}"
                is_module = whole.removeprefix(f"{NAME}.") in files
                yield whole if is_module or not origin.startswith(NAME) else origin


def _origin(node: ast.ImportFrom, module: str, *, is_package: bool) -> str:
    """Return the full name of what names are imported from."""
    if not node.level:
        return node.module or ""
    parts = [NAME, *filter(None, module.split("."))]
    kept = len(parts) - node.level + is_package
    assert kept > 0, module
    return ".".join([*parts[:kept], *filter(None, [node.module])])


def own_imports(imports: Imports) -> Imports:
    """Return the imports of modules of the package, by the same names as the keys."""
    return {
        module: {name.removeprefix(NAME).lstrip(".") for name in names if name.split(".")[0] == NAME}
        for module, names in imports.items()
    }


def layer_of(module: str) -> int:
    """Return the number of a module's layer, counted from the ground."""
    parts = module.split(".")
    by_name = {name: number for number, names in enumerate(LAYERS) for name in names}
    if parts[0] == "tasks":
        return by_name.get(module, by_name["tasks/"])
    return by_name[parts[0]]


def task_of(module: str) -> str | None:
    """Return the task whose folder a module is in."""
    parts = module.split(".")
    return parts[1] if parts[0] == "tasks" and layer_of(module) == layer_of("tasks.any") else None


@pytest.fixture(scope="module")
def imports() -> Imports:
    return read_imports(PACKAGE)


@pytest.fixture(scope="module")
def own(imports: Imports) -> Imports:
    return own_imports(imports)


def test_every_import_is_of_a_module(own: Imports) -> None:
    """So nothing below looks at names that are misread."""
    assert {name for names in own.values() for name in names} <= own.keys()
    assert "network.encoder_head_seam" in own["network.network"]
    assert "tasks" in own["tasks.pair_docs"]
    assert "component.network_component" in own["evaluation.pipelines"], "inside of a function"
    assert "readers.corpus" in own["planning.task"], "for type checking"


def test_no_circle(own: Imports) -> None:
    assert len(list(TopologicalSorter(own).static_order())) == len(own)


def test_imports_go_downward(own: Imports) -> None:
    upward = [
        f"{module} imports {name}"
        for module, names in own.items()
        for name in names
        if layer_of(name) > layer_of(module)
    ]
    assert not upward


def test_tasks_import_no_other_task(own: Imports) -> None:
    crossing = [
        f"{module} imports {name}"
        for module, names in own.items()
        for name in names
        if task_of(module) and task_of(name) not in (None, task_of(module), SHARED_BY_TASKS)
    ]
    assert not crossing
    assert any(task_of(name) == SHARED_BY_TASKS for name in own["tasks.textcat.component"])


def test_few_know_the_table_of_tasks(own: Imports) -> None:
    knowing = {module.split(".")[0] for module, names in own.items() if "tasks" in names}
    assert knowing <= set(KNOWS_THE_TABLE)


@pytest.mark.parametrize("layer", FORBIDDEN)
def test_layers_keep_to_their_libraries(imports: Imports, layer: str) -> None:
    wrong = [
        f"{module} imports {name}"
        for module, names in imports.items()
        for name in names
        if module.split(".")[0] == layer and f"{name}.".startswith(tuple(f"{library}." for library in FORBIDDEN[layer]))
    ]
    assert not wrong


def test_table_and_factories_need_neither_torch_nor_transformers() -> None:
    """Who imports them anyway gets an error; thinc can do without."""
    factories = [_module_name(path.relative_to(PACKAGE)) for path in sorted(PACKAGE.glob("tasks/*/factory.py"))]
    assert len(factories) > 4
    modules = ", ".join(f"{NAME}.{module}" for module in ("tasks", *factories))
    code = f"import sys; sys.modules['torch'] = sys.modules['transformers'] = None; import {modules}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
