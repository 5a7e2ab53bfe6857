"""What a model card says of a component: its scores, its data, its encoder, as the pipeline knows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path, PurePath
from typing import Any

from spacy.language import Language

from ..network.encoder_source import PACKAGE_PREFIX, EncoderSource
from ..planning.task import Task

PACKAGES = ("spacy-bertadapt", "spacy", "transformers", "torch")
NO_SCORES = ("speed",)
SPLITS = ("train", "dev")


@dataclass(frozen=True, slots=True, kw_only=True)
class CardFacts:
    """What a model card says.

    pipeline: name and version of the pipeline. language: its code; "multilingual". licence: "" if there is none.
    scores: by name, 0 to 1. data: what it was trained and evaluated on, by split; names of files alone.
    encoder: what it started from, without a path on this machine. base_model: that, if it is a hub's id. versions: of
    the packages.
    """

    pipeline: str
    language: str
    licence: str
    scores: Mapping[str, float]
    data: Mapping[str, str]
    encoder: str
    base_model: str | None
    versions: Mapping[str, str]


def card_facts(nlp: Language, name: str, task: Task) -> CardFacts:
    """Return what a pipeline knows of one of its components. name: of the component."""
    meta = nlp.meta
    encoder = EncoderSource(nlp.get_pipe_config(name)["model"]["encoder"]["name"])
    is_local = encoder.is_local or PurePath(encoder.name).is_absolute()
    return CardFacts(
        pipeline=f"{meta['lang']}_{meta['name']} {meta['version']}",
        language="multilingual" if nlp.lang == "xx" else str(nlp.lang),
        licence=meta.get("license") or "",
        scores=_scores(nlp, task),
        data=_data(nlp),
        encoder=_public_name(encoder.name) if is_local else encoder.name,
        base_model=None if is_local or encoder.name.startswith(PACKAGE_PREFIX) else encoder.name,
        versions={package: metadata.version(package) for package in PACKAGES},
    )


def _public_name(name: str) -> str:
    """Return an encoder's name without the folders that it lies in on this machine."""
    return name if name.startswith(PACKAGE_PREFIX) else Path(name).name


def _scores(nlp: Language, task: Task) -> dict[str, float]:
    """Return the scores that training wrote down: those of the task, or all if there is no other component."""
    scores = {
        score: float(value)
        for score, value in (nlp.meta.get("performance") or {}).items()
        if isinstance(value, int | float) and not score.endswith("_loss") and score not in NO_SCORES
    }
    if len(nlp.component_names) == 1:
        return scores
    return {score: scores[score] for score in task.score_weights if score in scores}


def _data(nlp: Language) -> dict[str, str]:
    """Return the names of the files that the pipeline's config trains and evaluates on, by split."""
    corpora: Any = nlp.config.interpolate().get("corpora") or {}
    paths = {split: (corpora.get(split) or {}).get("path") for split in SPLITS}
    return {split: PurePath(str(path)).name for split, path in paths.items() if path}
