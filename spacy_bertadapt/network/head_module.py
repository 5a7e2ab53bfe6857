"""The module of a task without an encoder, for hidden states from elsewhere: made, written and read.

It has the weights of the head and of the pooler alone, in memory and on disk.
"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import torch
from transformers import PretrainedConfig, PreTrainedModel

from .architecture import Architecture, OwnHead
from .checkpoint_size import count_tensors
from .head_files import HEAD_FILE, fill_head, require_files, write_head
from .head_side import POOLER, without_encoder
from .new_parameters import initialize_parameters
from .pretrained_config import CONFIG, read_saved_config
from .task_module import TaskModule
from .transformers_calls import errors_of_file, errors_of_writing, loading


def new_head(architecture: Architecture, config: PretrainedConfig, encoder: PreTrainedModel) -> TaskModule:
    """Return a head of new weights. Its pooler, if it has one, is a copy of the encoder's.

    config: the encoder's, with the outputs of the head.
    """
    head = _without_weights(architecture, config)
    if isinstance(architecture, OwnHead):
        with loading():
            head.head = architecture.make(config)
        return head
    side: Any = head.base_model
    pooler = getattr(encoder, POOLER, None)
    if side.pooler is not None and pooler is not None:
        side.pooler = copy.deepcopy(pooler)
    new = {name for name, parameter in head.named_parameters() if parameter.is_meta}
    head._apply(lambda tensor: torch.zeros_like(tensor, device="cpu") if tensor.is_meta else tensor)
    initialize_parameters(head, new)
    return head


def save_head(head: TaskModule, folder: Path, *, weights: dict[str, torch.Tensor] | None = None) -> None:
    """Write the configuration and the weights of a head into a folder. weights: in place of its own, by name."""
    with errors_of_writing():
        head.config.save_pretrained(folder)
    write_head(head.state_dict() if weights is None else weights, folder)


def load_head(folder: Path, architecture: Architecture, *, dropout: float | None = None) -> TaskModule:
    """Read what `save_head` wrote: strictly, from disk alone, running no code and no pickle of the folder.

    dropout: in place of all dropout rates that were saved.
    Raises FileNotFoundError or ValueError that names the file at fault.
    """
    require_files(folder, (CONFIG, HEAD_FILE))
    config = read_saved_config(folder, dropout=dropout)
    with errors_of_file(folder / CONFIG), count_tensors(folder / CONFIG):
        head = _without_weights(architecture, config)
    fill_head(head, folder / HEAD_FILE, described_in=CONFIG)
    return head.requires_grad_()


def _without_weights(architecture: Architecture, config: PretrainedConfig) -> TaskModule:
    """Return a head on torch's "meta" device, where tensors have shapes and no memory."""
    with loading(), torch.device("meta"):
        return without_encoder(architecture.build(config))
