"""The facts that a checkpoint's files state of it, known before its weights are read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import srsly
from safetensors import safe_open
from srsly.ruamel_yaml import YAMLError

from ..errors import Errors, InvalidError
from ..files import read_json_object
from .architecture import file_in
from .encoder_source import EncoderSource
from .head_files import HEAD_FILE
from .pretrained_config import CONFIG, output_labels, read_encoder_config
from .task_module import ENCODER_FILE
from .transformers_calls import errors_of_encoder

SHARDS = f"{ENCODER_FILE}.index.json"  # names the files of weights that are split
SNAPSHOTS = "snapshots"  # in the hub's cache, a folder a commit
CARD = "README.md"
COMPONENT = "spacy_component.json"
"""A file of an exported checkpoint: the task and the settings of the component that it was."""

FRONT_MATTER = re.compile(r"\A\ufeff?---\s*\n(.*?)\n---\s*(?:\n|\Z)", re.DOTALL)


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckpointFacts:
    """The facts that a checkpoint's files state of it.

    source: where it is. architectures: the classes that it names, such as "BertForTokenClassification". labels: the
    names of its outputs. problem_type: Transformers' word for what they mean; None: it has none. own_head: the shapes
    of the weights of a head of this package that lies beside the encoder; none: there is no such head. commit: of the
    hub's repository, if it is from there. card: the metadata of its model card. component: what `COMPONENT` holds.
    """

    source: EncoderSource
    architectures: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    problem_type: str | None = None
    own_head: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    commit: str | None = None
    card: Mapping[str, Any] = field(default_factory=dict)
    component: Mapping[str, Any] = field(default_factory=dict)

    @property
    def licence(self) -> str:
        """The licence that the model card names; "" if it names none."""
        named = self.card.get("license_name") if self.card.get("license") == "other" else self.card.get("license")
        return named if isinstance(named, str) else ""


def read_facts(source: EncoderSource) -> CheckpointFacts:
    """Return what a checkpoint says of itself.

    Raises FileNotFoundError or ValueError that says what was looked for, where, and how to fix it: for what is no
    checkpoint, for an adapter, and for weights that are in no safetensors file.
    """
    config = read_encoder_config(source)
    with errors_of_encoder(source):
        if _find(source, ENCODER_FILE) is None and _find(source, SHARDS) is None:
            raise InvalidError(Errors.E550.format(name=source.name, file=ENCODER_FILE))
        component = _find(source, COMPONENT)
        return CheckpointFacts(
            source=source,
            architectures=tuple(config.architectures or ()),
            labels=output_labels(config),
            problem_type=config.problem_type,
            own_head=_shapes(_find(source, HEAD_FILE)),
            commit=_commit(source),
            card=_card_metadata(_find(source, CARD)),
            component={} if component is None else read_json_object(component),
        )


def _find(source: EncoderSource, file: str) -> Path | None:
    return file_in(source.locate(), file, revision=source.revision)


def _commit(source: EncoderSource) -> str | None:
    """Return the commit that a checkpoint is of, by its place in the hub's cache; None if it is not from the hub."""
    config = None if source.is_local else _find(source, CONFIG)
    return config.parent.name if config is not None and config.parent.parent.name == SNAPSHOTS else None


def _shapes(weights: Path | None) -> dict[str, tuple[int, ...]]:
    """Return the shapes of the weights in a file, by name; none if there is no file."""
    if weights is None:
        return {}
    with safe_open(weights, "pt") as file:
        return {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118 (no mapping)


def _card_metadata(card: Path | None) -> dict[str, Any]:
    """Return the metadata at the top of a model card; none if there is no card, or none that can be read."""
    if card is None:
        return {}
    block = FRONT_MATTER.match(card.read_text(encoding="utf8", errors="replace"))
    try:
        metadata = srsly.yaml_loads(block[1]) if block else {}
    except (YAMLError, ValueError):
        return {}
    return metadata if isinstance(metadata, dict) else {}
