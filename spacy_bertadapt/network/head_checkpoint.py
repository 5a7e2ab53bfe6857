"""The checkpoint of a task without an encoder: its head, and what of the encoder is of the head's side."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from torch import Tensor
from transformers import PreTrainedModel

from .architecture import Architecture
from .checkpoint import Checkpoint
from .head_module import load_head, new_head, save_head
from .head_side import without_encoder
from .pretrained import NameOutputs, read_encoder
from .task_module import TaskModule


class HeadCheckpoint(Checkpoint):
    """A head in the place of a whole checkpoint. It has no tokenizer: texts are those of the encoder's checkpoint."""

    def __init__(self, module: TaskModule, *, has_new_head: bool = False):
        """module: of a head, without encoder. has_new_head: see `Checkpoint`."""
        super().__init__(module, tokenizer=cast(Any, None), has_new_head=has_new_head)

    def save(self, folder: Path, *, weights: dict[str, Tensor] | None = None) -> None:
        """Write config.json and head.safetensors into a folder."""
        save_head(self.module, folder, weights=weights)

    @classmethod
    def load(cls, folder: Path, architecture: Architecture, *, dropout: float | None = None) -> HeadCheckpoint:
        """Read what `save` wrote: see `load_head`."""
        return cls(load_head(folder, architecture, dropout=dropout))


def read_head(
    encoder: Checkpoint, architecture: Architecture, labels: Sequence[str] | NameOutputs | None
) -> tuple[HeadCheckpoint, bool]:
    """Return a head for an encoder, and whether it is a trained one.

    If the encoder is as it was read, the head is the one that a component with an encoder of its own would read there:
    trained, if that knows all the labels, else new. On an encoder without such a source, and on one that has learned,
    the head is always new, and begins with the encoder's own pooler.
    labels: the names of the head's outputs, in order, or a function that returns them from the checkpoint's own; None:
    the checkpoint's own. Raises FileNotFoundError or ValueError as `read_encoder` does.
    """
    if encoder.source is not None and not encoder.has_changed:
        whole, is_trained = read_encoder(encoder.source, architecture, labels)
        return HeadCheckpoint(without_encoder(whole.module), has_new_head=whole.has_new_head), is_trained
    config = copy.deepcopy(encoder.module.config)
    names = labels(()) if callable(labels) else labels
    if names is not None:
        config.id2label = dict(enumerate(names))
        config.label2id = {label: number for number, label in enumerate(names)}
    config.problem_type = None
    head = new_head(architecture, config, cast(PreTrainedModel, encoder.module.base_model))
    return HeadCheckpoint(head, has_new_head=True), False
