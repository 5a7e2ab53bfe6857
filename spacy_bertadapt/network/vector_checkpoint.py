"""Heads on vectors, saved and read: what the head was made for as JSON, its weights as safetensors."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import srsly
import torch
from torch import Tensor

from ..errors import Errors, InvalidError
from ..files import read_json_object
from ..types import REGRESSION
from .architecture import Architecture
from .checkpoint import Checkpoint
from .config_safety import LARGEST_COUNT
from .head_files import HEAD_FILE, fill_head, require_files, write_head
from .task_module import HEAD, part_of
from .token_vectors import UNLIMITED
from .transformers_calls import errors_of_file, loading
from .vector_heads import VectorHeadConfig
from .vector_module import vector_module

HEAD_CONFIG = "head.json"
PROBLEM_TYPES = (None, "single_label_classification", "multi_label_classification", REGRESSION)


@dataclass
class VectorCheckpoint(Checkpoint):
    """The module of a task on vectors of tokens: it has neither an encoder nor a tokenizer."""

    tokenizer: Any = None

    @property
    def max_length(self) -> int:  # type: ignore[override]
        """How many tokens the module takes: any number."""
        return UNLIMITED

    def save(self, folder: Path, *, weights: dict[str, Tensor] | None = None) -> None:
        """Write head.json and head.safetensors into a folder. weights: by name, in place of the module's own."""
        config = cast(VectorHeadConfig, self.module.config)
        settings = {
            "labels": list(self.labels),
            "width": config.hidden_size,
            "segments": config.segments,
            "problem_type": config.problem_type,
        }
        srsly.write_json(folder / HEAD_CONFIG, settings)
        write_head(part_of(weights or self.module.state_dict(), HEAD), folder)


def new_vector_checkpoint(architecture: Architecture, config: VectorHeadConfig) -> VectorCheckpoint:
    """Return a new head for an architecture's task."""
    with loading():
        return VectorCheckpoint(vector_module(architecture, config), has_new_head=True)


def load_vector_checkpoint(folder: Path, architecture: Architecture, *, dropout: float) -> VectorCheckpoint:
    """Read what `VectorCheckpoint.save` wrote, strictly: no weight is missing, left over, or of another shape.

    dropout: of the head in training. Raises FileNotFoundError or ValueError that names the file at fault.
    """
    require_files(folder, (HEAD_CONFIG, HEAD_FILE))
    config = _read_config(folder / HEAD_CONFIG, dropout)
    with errors_of_file(folder / HEAD_CONFIG), loading(), torch.device("meta"):
        module = vector_module(architecture, config)  # no memory is taken for a head that its file has no weights for
    fill_head(module.head, folder / HEAD_FILE, described_in=f"{HEAD_CONFIG} and the config")
    return VectorCheckpoint(module)


def _read_config(path: Path, dropout: float) -> VectorHeadConfig:
    """Return what the head was made for. Raises ValueError that names the file if it does not say so."""
    saved = read_json_object(path)
    labels, width = saved.get("labels"), saved.get("width")
    segments, problem = saved.get("segments"), saved.get("problem_type")
    possible = {
        "labels": isinstance(labels, list) and labels and all(isinstance(label, str) for label in labels),
        "width": _is_count(width),
        "segments": segments in (1, 2) and _is_count(segments),
        "problem_type": problem in PROBLEM_TYPES if isinstance(problem, str | None) else False,
    }
    if unknown := sorted(saved.keys() - possible.keys()):
        raise InvalidError(Errors.E105.format(path=path, reason=f"has the unknown key {unknown[0]!r:.40}"))
    for key, is_possible in possible.items():
        if not is_possible:
            raise InvalidError(Errors.E105.format(path=path, reason=f"has {key} = {saved.get(key)!r:.40}"))
    return VectorHeadConfig(
        dict(enumerate(cast(list, labels))), cast(int, width), cast(int, segments), problem, dropout
    )


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value <= LARGEST_COUNT
