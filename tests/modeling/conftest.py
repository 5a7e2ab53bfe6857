"""Fine-tuned checkpoints, saved components, and models of the tiny encoders."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoConfig, AutoModelForSequenceClassification, AutoTokenizer

from spacy_bertadapt.modeling.checkpoint import read_encoder
from spacy_bertadapt.modeling.model import TransformerModel, shim_of, transformer_model
from spacy_bertadapt.modeling.sources import EncoderSource
from spacy_bertadapt.types import PaddedBatch

SEQUENCES = "AutoModelForSequenceClassification"


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Networks this small only get slower by sharing cores with other processes."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def classifier_folder(tiny_bert: Path, tmp_path: Path) -> Callable[..., Path]:
    """Makes a checkpoint with a classification head of random weights, and its tokenizer."""

    def make(labels: Sequence[str], *, name: str = "classifier", base: Path = tiny_bert, **config: Any) -> Path:
        torch.manual_seed(7)
        settings = {
            "id2label": dict(enumerate(labels)),
            "label2id": {label: index for index, label in enumerate(labels)},
            **config,
        }
        folder = tmp_path / name
        module = AutoModelForSequenceClassification.from_config(AutoConfig.from_pretrained(base, **settings))
        torch.nn.init.normal_(
            module.classifier.weight if hasattr(module.classifier, "weight") else module.classifier.dense.weight
        )
        module.save_pretrained(folder)
        AutoTokenizer.from_pretrained(base).save_pretrained(folder)
        return folder

    return make


@pytest.fixture
def copy_of(tmp_path: Path) -> Callable[[Path], Path]:
    """Copies a checkpoint, to be spoilt."""

    def make(folder: Path, name: str = "copy") -> Path:
        return Path(shutil.copytree(folder, tmp_path / name))

    return make


@pytest.fixture
def make_model(tiny_bert: Path) -> Callable[..., TransformerModel]:
    """Makes a Thinc model around a classifier with three labels, in float32 and without dropout."""

    def make(folder: Path = tiny_bert, *, seed: int = 0, dropout: float = 0.0, precision: str = "float32") -> Any:
        source = EncoderSource(str(folder), dropout=dropout)
        model = transformer_model(SEQUENCES, source, "cpu", precision)
        torch.manual_seed(seed)
        shim_of(model).attach(read_encoder(source, SEQUENCES, ["a", "b", "c"])[0])
        return model

    return make


@pytest.fixture
def make_batch() -> Callable[..., PaddedBatch]:
    """Makes a padded batch of random ids, of rows of the lengths given."""

    def make(*lengths: int, types: bool = False, seed: int = 0) -> PaddedBatch:
        random = np.random.default_rng(seed)
        shape = (len(lengths), max(lengths))
        mask = np.arange(shape[1]) < np.array(lengths)[:, None]
        token_types = random.integers(0, 2, shape) * mask if types else None
        ids = random.integers(5, 40, shape) * mask
        return PaddedBatch(ids, None if mask.all() else mask, token_types)

    return make
