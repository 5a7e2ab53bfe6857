"""Pipelines of every task on an encoder small enough for millions of texts, and what they say of a Doc."""

from __future__ import annotations

import random
import warnings
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span
from thinc.api import fix_random_seed

from spacy_bertadapt import make_pair_doc
from spacy_bertadapt.tasks import TASKS, TRAINED
from spacy_bertadapt.training.optimizer import adamw

from .tiny import ASSETS, save_encoder

LENGTH = 64  # subwords that the encoder takes
STRIDE = 16  # subwords
TOPICS = ["travel", "cooking"]
LONGEST_PART = 80  # characters: a part that stands in each window leaves room for the other
SEPARATOR, SECOND_PARTS = "[SEP]", ["Someone is late.", "The parcel came.", "It works."]
STEPS, RATE = 30, 2e-3
TOLERANCE = 1e-5


def add_options(parser: ArgumentParser, *, texts: int, help_texts: str) -> None:
    """Add the options that the scripts share. texts: the default of --texts."""
    parser.add_argument("--texts", type=int, default=texts, help=help_texts)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--encoder", help="hub id, directory or package:NAME; else a random BERT of two layers")


def encoder_at(name: str | None, folder: Path) -> str:
    """Return the encoder asked for, or the folder of a new random BERT of two layers that takes 64 subwords."""
    if name:
        return name
    return str(save_encoder(folder, length=LENGTH))


def trained_pipeline(task: str, encoder: str, *, adapt: dict[str, Any] | None = None, examples: int = 16) -> Language:
    """Return a pipeline that has learned a task for 30 steps from its samples, in float32.

    So its decisions are not all ties. A task that is not trained stands on what bert_nli learns. adapt: the
    component's block.
    """
    if task not in TRAINED:
        return _untrained(task, encoder)
    nlp, described = spacy.blank("en"), TRAINED[task]
    config = {"model": model_on(encoder), "stride": STRIDE, **({"adapt": adapt} if adapt else {})}
    nlp.add_pipe(described.factory, config=config)
    (samples,) = ASSETS.glob(f"{task}_train.*")
    fix_random_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what so few samples and steps leave out
        gold = list(described.reader_class(samples, limit=examples)(nlp))
        optimizer = nlp.initialize(lambda: gold, sgd=adamw(RATE))
        for _ in range(STEPS):
            nlp.update(gold, sgd=optimizer)
    return nlp


def pipeline_of_all_tasks(encoder: str) -> Language:
    """Return one pipeline with the components of all tasks; its texts are pairs, `first [SEP] second`."""
    nlp = spacy.blank("en")
    for task in TRAINED.values():
        nlp.add_pipe(task.factory, source=trained_pipeline(task.name, encoder))
    for name in TASKS.keys() - TRAINED.keys():
        nlp.add_pipe(TASKS[name].factory, config={"labels": TOPICS})
    return nlp


def make_input(nlp: Language, task: str, text: str, other: str) -> Doc:
    """Return a Doc as a task reads it, not predicted yet. other: the other text of a pair, beside the long one."""
    if TASKS[task].parts is None:
        return nlp.make_doc(text)
    windowed = nlp.get_pipe(TASKS[task].factory).windowed_segment
    first, second = (text, other) if windowed == 0 else (other, text)
    return make_pair_doc(nlp, first, second, task)


def sample_texts(count: int, seed: int) -> list[str]:
    """Return so many texts of one to six sample sentences."""
    lines, source = _sample_lines(), random.Random(seed)
    return [" ".join(source.choices(lines, k=source.randint(1, 6))) for _ in range(count)]


def sample_pairs(count: int, seed: int) -> list[str]:
    """Return so many texts in the form that the components of all tasks read: two short parts."""
    source = random.Random(seed)
    lines = [line for line in _sample_lines() if len(line) <= LONGEST_PART]
    return [f"{source.choice(lines)} {SEPARATOR} {source.choice(SECOND_PARTS)}" for _ in range(count)]


def annotations_of(doc: Doc) -> tuple[dict[str, Any], list[float]]:
    """Return what components have written on a Doc, and all scores in it."""
    groups = {key: doc.spans[key] for key in sorted(doc.spans)}
    places = {
        "cats": sorted(doc.cats),
        "ents": [_place(entity) for entity in doc.ents],
        "spans": {key: [_place(span) for span in group] for key, group in groups.items()},
    }
    return places, list(_scores(doc))


def difference(doc: Doc, other: Doc) -> float:
    """Return by how much the scores on two Docs differ at most; infinity where they say different things."""
    (places, scores), (other_places, other_scores) = annotations_of(doc), annotations_of(other)
    if doc.text != other.text or places != other_places or len(scores) != len(other_scores):
        return float("inf")
    return float(np.abs(np.subtract(scores, other_scores)).max(initial=0.0))


def as_markdown(columns: list[str], rows: list[list[Any]]) -> str:
    """Return a Markdown table."""
    cells = [[f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in row] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in [columns, ["---"] * len(columns), *cells])


def model_on(encoder: str) -> dict[str, Any]:
    """Return a component's `model`: in float32 on the CPU, and without dropout."""
    source = {"@misc": "spacy-bertadapt.Encoder.v1", "name": encoder, "dropout": 0.0}
    return {"precision": "float32", "device": "cpu", "encoder": source}


def _sample_lines() -> list[str]:
    texts = [path.read_text(encoding="utf8") for path in sorted(ASSETS.glob("*_unseen.txt"))]
    return [line for text in texts for line in text.splitlines() if SEPARATOR not in line]


def _untrained(task: str, encoder: str) -> Language:
    nlp = spacy.blank("en")
    architecture = TRAINED["nli"].defaults["model"]["@architectures"]
    with TemporaryDirectory() as folder:
        trained_pipeline("nli", encoder).to_disk(folder)
        model = {"@architectures": architecture, **model_on(f"{folder}/bert_nli/model")}
        nlp.add_pipe(TASKS[task].factory, config={"labels": TOPICS, "model": model}).initialize(list, nlp=nlp)
    return nlp


def _place(span: Span) -> tuple[int, int, str]:
    return span.start, span.end, span.label_


def _scores(doc: Doc) -> Iterator[float]:
    yield from (doc.cats[label] for label in sorted(doc.cats))
    groups = [doc.spans[key] for key in sorted(doc.spans)]
    if Span.has_extension("score"):
        spans = (*doc.ents, *(span for group in groups for span in group))
        yield from (span._.score for span in spans if span._.score is not None)
    for group in groups:
        for name in sorted(group.attrs):
            yield from np.ravel(group.attrs[name]).astype(float).tolist()
