"""Trained pipelines, saved, and rows for them."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.language import Language
from thinc.api import fix_random_seed

from spacy_bertadapt import save_pipeline
from spacy_bertadapt.tasks import TRAINED
from spacy_bertadapt.training.optimizer import adamw
from tests.fixtures.components import samples_of

TEXTS = ["my parcel never arrived", "", "the invoice is wrong", "Ada Lovelace lived in London", "where is it " * 40]
"""Short, empty, and longer than a window."""


@pytest.fixture(scope="session")
def pipeline_of(tiny_bert: Path) -> Callable[..., Language]:
    """Makes a pipeline of some tasks on the tiny BERT, which has learned a little; settings go to every component."""

    def make(*tasks: str, steps: int = 10, **settings: Any) -> Language:
        fix_random_seed(0)
        nlp, examples = spacy.blank("en"), []
        for task in tasks:
            model = {"precision": "float32", "device": "cpu", "encoder": {"name": str(tiny_bert), "dropout": 0.0}}
            nlp.add_pipe(TRAINED[task].factory, config={"model": model, **samples_of(task).SETTINGS, **settings})
            examples += samples_of(task).make_examples(nlp)
        optimizer = nlp.initialize(lambda: examples, sgd=adamw(2e-3))
        for _ in range(steps):
            nlp.update(examples, sgd=optimizer)
        return nlp

    return make


@pytest.fixture(scope="session")
def saved_textcat(pipeline_of: Callable[..., Language], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pipeline with a bert_textcat, in a folder."""
    path = tmp_path_factory.mktemp("pipelines") / "textcat"
    save_pipeline(pipeline_of("textcat", steps=40), path)
    return path


def are_alike(value: Any, other: Any) -> bool:
    """Return whether two values of columns differ at most by how batches are rounded."""
    if isinstance(value, dict):
        return value.keys() == other.keys() and all(are_alike(value[key], other[key]) for key in value)
    if isinstance(value, list):
        return len(value) == len(other) and all(map(are_alike, value, other))
    return bool(value == pytest.approx(other, abs=1e-5))


def run_block(heading: str, replacements: dict[str, str], **names: Any) -> dict[str, Any]:
    """Run the code below a heading of docs/serving.md. replacements: of what is elsewhere. Returns its variables."""
    page = (Path(__file__).parents[2] / "docs" / "serving.md").read_text(encoding="utf8")
    (section,) = (part for part in page.split("\n## ") if part.startswith(f"{heading}\n"))
    (code,) = re.findall(r"```py\n(.*?)```", section, re.DOTALL)
    for text, here in replacements.items():
        assert text in code, text
        code = code.replace(text, here)
    exec(compile(code, heading, "exec"), names)
    return names
