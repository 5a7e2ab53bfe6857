"""Importing the package changes nothing of the process: what has to be set is set with the first network."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

BEFORE = """
import json, os, sys
hooks, register = [], os.register_at_fork

def record(**functions):
    modules = [str(getattr(function, "__module__", None)) for function in functions.values()]
    hooks.extend(module for module in modules if module.startswith("spacy_bertadapt"))
    register(**functions)

os.register_at_fork = record
import torch, transformers, tokenizers, spacy
from transformers.utils import logging

def state():
    return {
        "verbosity": logging.get_verbosity(),
        "progress bars": logging.is_progress_bar_enabled(),
        "environment": {name: value for name, value in os.environ.items() if "TOKENIZERS" in name or "HF_" in name},
        "threads": torch.get_num_threads(),
        "extensions": spacy.tokens.Span.has_extension("score"),
    }

before = state()
"""
LIGHT = """
import spacy_bertadapt.tasks, spacy_bertadapt.cli
spacy.blank("en")
store = sys.modules.get("spacy_bertadapt.subwords.tokenizer")
print(json.dumps({"hooks": hooks, "before": before, "after": state(), "has store": store is not None}))
"""
EVERYTHING = """
import importlib, pathlib, spacy_bertadapt
root = pathlib.Path(spacy_bertadapt.__file__).parent
for path in sorted(root.rglob("*.py")):
    parts = path.relative_to(root.parent).with_suffix("").parts
    importlib.import_module(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
tokenizers = len(sys.modules["spacy_bertadapt.subwords.tokenizer"]._store._kept)
print(json.dumps({"hooks": hooks, "before": before, "after": state(), "tokenizers": tokenizers}))
"""
NETWORKS = """
from spacy_bertadapt.network.architecture import AutoClass
from spacy_bertadapt.network.network import Network
from spacy_bertadapt.network.pretrained import read_encoder
from spacy_bertadapt.network.encoder_source import EncoderSource

architecture, counts = AutoClass("AutoModelForSequenceClassification"), []
checkpoint, _ = read_encoder(EncoderSource(sys.argv[1]), architecture, ["a", "b"])
for _ in range(3):
    counts.append(len(hooks))
    Network(checkpoint, device="cpu", precision="float32")
counts.append(len(hooks))
print(json.dumps({"counts": counts, "hooks": hooks, "before": before, "after": state()}))
"""


def run(code: str, *arguments: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-c", BEFORE + code, *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_factories_and_commands_leave_the_process_alone() -> None:
    seen = run(LIGHT)
    assert seen["hooks"] == []
    assert seen["after"] == seen["before"]
    assert not seen["has store"]


def test_no_module_does_anything_when_it_is_imported() -> None:
    seen = run(EVERYTHING)
    assert seen["hooks"] == []
    assert seen["after"] == seen["before"]
    assert seen["tokenizers"] == 0


def test_forks_are_watched_from_the_first_network_on(tiny_bert: Path) -> None:
    """Once: before a fork, and after it in parent and child."""
    seen = run(NETWORKS, str(tiny_bert))
    assert seen["counts"] == [0, 3, 3, 3]
    assert set(seen["hooks"]) == {"spacy_bertadapt.network.process_forks"}
    assert seen["after"] == seen["before"]
