"""Fine-tuned checkpoints of every task, and pipelines that have learned."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import spacy
import torch
import transformers
from spacy.language import Language
from transformers import AutoConfig, AutoTokenizer

from spacy_bertadapt.tasks import TRAINED
from tests.fixtures.components import MakePipe, samples_of

CARD = "---\nlicense: apache-2.0\nlanguage: en\n---\n# A model\n"
LENGTH = 128
TAGS = ("O", "B-PERSON", "I-PERSON")
RELATIONS = ("CONTRADICTION", "NEUTRAL", "ENTAILMENT")


@pytest.fixture
def checkpoint(tiny_bert: Path, tmp_path: Path) -> Callable[..., Path]:
    """Makes a checkpoint of one of Transformers' classes, as its users publish it, with a model card."""

    def make(
        auto_class: str,
        *labels: str,
        card: str = CARD,
        name: str = "some-model",
        length: int = LENGTH,
        **config: object,
    ) -> Path:
        folder = tmp_path / name
        outputs = {
            "id2label": dict(enumerate(labels)),
            "label2id": {label: number for number, label in enumerate(labels)},
        }
        torch.manual_seed(3)
        settings = AutoConfig.from_pretrained(
            tiny_bert, max_position_embeddings=length, **(outputs if labels else {}), **config
        )
        getattr(transformers, auto_class).from_config(settings).save_pretrained(folder)
        AutoTokenizer.from_pretrained(tiny_bert, model_max_length=length).save_pretrained(folder)
        (folder / "README.md").write_text(card, encoding="utf8")
        return folder

    return make


@pytest.fixture
def tagger(checkpoint: Callable[..., Path]) -> Path:
    """A token classifier."""
    return checkpoint("AutoModelForTokenClassification", *TAGS)


@pytest.fixture
def learned(make_pipe: MakePipe, train: Callable[..., Language]) -> Callable[..., Language]:
    """Gives a pipeline with the component of a task that has learned a little. settings: of the component."""

    def make(task: str, **settings: object) -> Language:
        nlp = spacy.blank("en")
        make_pipe(task, nlp, **settings)
        return train(nlp, samples_of(task).make_examples(nlp), steps=3)

    return make


@pytest.fixture(params=list(TRAINED))
def task(request: pytest.FixtureRequest) -> str:
    """Every task."""
    return request.param
