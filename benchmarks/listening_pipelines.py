"""Pipelines with MiniLM, or a CNN, that other components listen to, and how `listening.py` trains them."""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import spacy
from spacy.language import Language
from spacy.training import Example
from thinc.api import fix_random_seed

from spacy_bertadapt.network.encoder_source import EncoderSource
from spacy_bertadapt.training.optimizer import adamw
from spacy_bertadapt.training.schedules import warmup_linear

BATCH = 32
MEAN = {"@layers": "reduce_mean.v1"}
CNN = {
    "@architectures": "spacy.HashEmbedCNN.v2",
    "width": 96,
    "depth": 4,
    "embed_size": 2000,
    "window_size": 1,
    "maxout_pieces": 3,
    "subword_features": True,
    "pretrained_vectors": None,
}
LISTENERS: dict[str, dict[str, Any]] = {
    "tok2vec": {"@architectures": "spacy.Tok2VecListener.v1", "width": 96, "upstream": "tok2vec"},
    "transformer": {"@architectures": "spacy-transformers.TransformerListener.v1", "grad_factor": 1.0, "pooling": MEAN},
    "curated_transformer": {
        "@architectures": "spacy-curated-transformers.LastTransformerLayerListener.v1",
        "width": 384,
        "pooling": MEAN,
    },
}
RATES = {"tok2vec": 1e-3, "transformer": 1e-4, "curated_transformer": 1e-4}
"""Learning rates of what is listened to."""
HEAD_RATE = 1e-3
"""Learning rate of spaCy's components, which begin with random weights."""


def kinds() -> list[str]:
    """Return the kinds of components that can be trained here."""
    found = ["tok2vec"]
    if find_spec("spacy_transformers"):
        found.append("transformer")
    if find_spec("spacy_curated_transformers") and np.lib.NumpyVersion(np.__version__) < "2.4.0":
        found.append("curated_transformer")
    return found


def add_upstream(nlp: Language, kind: str, encoder: str) -> None:
    """Add a component to listen to. encoder: the checkpoint of the transformers, such as "package:NAME"."""
    folder = EncoderSource(encoder).locate()
    if kind == "tok2vec":
        nlp.add_pipe(kind, config={"model": CNN})
    elif kind == "transformer":
        model = {"@architectures": "spacy-transformers.TransformerModel.v3", "name": folder}
        nlp.add_pipe(kind, config={"model": model})
    else:
        _add_curated(nlp, folder)


def add_listening(nlp: Language, factory: str, kind: str, *, head_factor: float = 1.0) -> None:
    """Add a component that listens. head_factor: see `Adaptation`."""
    encoder = {"@misc": "spacy-bertadapt.Tok2VecEncoder.v1", "tok2vec": LISTENERS[kind]}
    adapt = {"@misc": "spacy-bertadapt.FullFineTuning.v1", "head_factor": head_factor}
    nlp.add_pipe(factory, config={"model": {"encoder": encoder}, "adapt": adapt})


def add_peer(nlp: Language, kind: str) -> str:
    """Add spaCy's own text classifier, which listens too. Returns its name."""
    model = {"@architectures": "spacy.TextCatReduce.v1", "exclusive_classes": True, "use_reduce_mean": True}
    model |= {"use_reduce_first": False, "use_reduce_last": False, "use_reduce_max": False}
    nlp.add_pipe("textcat", config={"model": {**model, "tok2vec": LISTENERS[kind]}})
    return "textcat"


def train(
    nlp: Language,
    examples: Sequence[Example],
    *,
    steps: int,
    rate: float,
    head_rate: float | None = None,
    frozen: Collection[str] = (),
    initialize: str | None = None,
    seed: int = 0,
) -> None:
    """Train by the steps of spaCy's loop.

    head_rate: of components that are not listened to; None: `rate`. frozen: names of components. initialize: the only
    one that is; None: all.
    """
    fix_random_seed(seed)
    optimizer = adamw(warmup_linear(rate, total_steps=steps))
    of_heads = adamw(warmup_linear(head_rate or rate, total_steps=steps))
    if initialize is None:
        nlp.initialize(lambda: examples, sgd=optimizer)
    else:
        nlp.get_pipe(initialize).initialize(lambda: examples, nlp=nlp)
    shuffle, rows = random.Random(seed), []
    annotating = [name for name in frozen if name in LISTENERS]
    for _ in range(steps):
        if len(rows) < BATCH:
            rows = shuffle.sample(list(examples), len(examples))
        batch, rows = rows[:BATCH], rows[BATCH:]
        nlp.update(batch, sgd=False, exclude=frozen, annotates=annotating, drop=0.1)
        for name, pipe in nlp.pipeline:
            if name not in frozen and hasattr(pipe, "finish_update"):
                pipe.finish_update(optimizer if name in LISTENERS else of_heads)
        optimizer.step_schedules()
        of_heads.step_schedules()


def blank() -> Language:
    """Return a pipeline without components."""
    return spacy.blank("en")


def _add_curated(nlp: Language, folder: str) -> None:
    model = {
        "@architectures": "spacy-curated-transformers.BertTransformer.v1",
        "vocab_size": 30522,
        "hidden_width": 384,
        "intermediate_width": 1536,
        "num_attention_heads": 12,
        "num_hidden_layers": 6,
        "piece_encoder": {"@architectures": "spacy-curated-transformers.BertWordpieceEncoder.v1"},
        "with_spans": {"@architectures": "spacy-curated-transformers.WithStridedSpans.v1"},
    }
    nlp.add_pipe("curated_transformer", config={"model": model})
    loaders = "spacy-curated-transformers"
    nlp.config["initialize"]["components"]["curated_transformer"] = {
        "encoder_loader": {"@model_loaders": f"{loaders}.HFTransformerEncoderLoader.v1", "name": folder},
        "piecer_loader": {"@model_loaders": f"{loaders}.WordpieceLoader.v1", "path": str(Path(folder) / "vocab.txt")},
    }
