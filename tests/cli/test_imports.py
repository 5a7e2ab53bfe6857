"""Starting `python -m spacy` costs no more than spaCy's own imports."""

from __future__ import annotations

import subprocess
import sys

from spacy_bertadapt.tasks import TASKS

HEAVY = ("torch", "transformers", "tokenizers", "safetensors")
CODE = "import sys, {module}; print(*[name for name in {heavy} if name in sys.modules])"


def imported_with(module: str) -> set[str]:
    code = CODE.format(module=module, heavy=HEAVY)
    return set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())


def test_command_line_imports_nothing_heavy_that_spacy_does_not() -> None:
    assert imported_with("spacy_bertadapt.cli") == imported_with("spacy.cli")


def test_factories_and_the_table_of_tasks_import_nothing_heavy() -> None:
    factories = ", ".join(f"spacy_bertadapt.tasks.{name}.factory" for name in TASKS)
    assert imported_with(factories) == imported_with("spacy")
