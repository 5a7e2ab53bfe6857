"""The facts of a component for its model card: its scores, its data, its encoder, as the pipeline knows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from spacy.language import Language

from ..planning.task import Task

if TYPE_CHECKING:
    from ..component.base import BertPipe

PACKAGES = ("spacy-bertadapt", "spacy", "transformers", "torch")
NO_SCORES = ("speed",)
SPLITS = ("train", "dev")


@dataclass(frozen=True, slots=True, kw_only=True)
class CardFacts:
    """The facts that a model card states.

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
    pipe: BertPipe = nlp.get_pipe(name)  # type: ignore[assignment]
    encoder = pipe.shim.encoder_source
    return CardFacts(
        pipeline=f"{meta['lang']}_{meta['name']} {meta['version']}",
        language="multilingual" if nlp.lang == "xx" else str(nlp.lang),
        licence=meta.get("license") or "",
        scores=_scores(nlp, task),
        data=_data(nlp, name),
        encoder=encoder.public_name,
        base_model=encoder.name if encoder.is_hub_id else None,
        versions={package: metadata.version(package) for package in PACKAGES},
    )


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


def _data(nlp: Language, name: str) -> dict[str, str]:
    """Return the names of the files that the pipeline's config trains and evaluates a component on, by split.

    A corpus that mixes several has them by the names of the components.
    """
    corpora: Any = nlp.config.interpolate().get("corpora") or {}
    blocks = {split: corpora.get(split) or {} for split in SPLITS}
    own = {split: (block.get("corpora") or {}).get(name, block) for split, block in blocks.items()}
    paths = {split: block.get("path") for split, block in own.items()}
    return {split: PurePath(str(path)).name for split, path in paths.items() if path}
