"""The module of a task without an encoder, for hidden states from elsewhere: made, written and read.

It has the weights of the head and of the pooler alone, in memory and on disk.
"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from transformers import PretrainedConfig, PreTrainedModel

from ..errors import Errors, InvalidError, NotFoundError
from .architecture import Architecture, OwnHead
from .checkpoint_size import count_tensors
from .head_side import POOLER, without_encoder
from .new_parameters import initialize_parameters
from .pretrained_config import CONFIG, read_saved_config
from .task_module import HEAD_FILE, TaskModule
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


def save_head(head: TaskModule, folder: Path) -> None:
    """Write the configuration and the weights of a head into a folder."""
    weights = {name: weight.detach().cpu().contiguous() for name, weight in head.state_dict().items()}
    with errors_of_writing():
        head.config.save_pretrained(folder)
        save_file(weights, folder / HEAD_FILE, metadata={"format": "pt"})


def load_head(folder: Path, architecture: Architecture) -> TaskModule:
    """Read what `save_head` wrote: strictly, from disk alone, running no code and no pickle of the folder.

    Raises FileNotFoundError or ValueError that names the file at fault.
    """
    for name in (CONFIG, HEAD_FILE):
        if not (folder / name).is_file():
            raise NotFoundError(Errors.E105.format(path=folder / name, reason="is missing"))
    config = read_saved_config(folder)
    with errors_of_file(folder / CONFIG), count_tensors(folder / CONFIG):
        head = _without_weights(architecture, config)
    _check_shapes(head, folder / HEAD_FILE)
    with errors_of_file(folder / HEAD_FILE):
        weights = {name: weight.float() for name, weight in load_file(folder / HEAD_FILE).items()}
        head.load_state_dict(weights, assign=True)
    return head.requires_grad_()


def _without_weights(architecture: Architecture, config: PretrainedConfig) -> TaskModule:
    """Return a head on torch's "meta" device, where tensors have shapes and no memory."""
    with loading(), torch.device("meta"):
        return without_encoder(architecture.build(config))


def _check_shapes(head: TaskModule, path: Path) -> None:
    """Raise ValueError if a file of weights has not exactly the names and shapes of a head, before any is read."""
    with errors_of_file(path), safe_open(path, framework="pt") as weights:
        saved = {name: tuple(weights.get_slice(name).get_shape()) for name in weights.keys()}  # noqa: SIM118
    wanted = {name: tuple(weight.shape) for name, weight in head.state_dict().items()}
    wrong = sorted(name for name in saved.keys() | wanted.keys() if saved.get(name) != wanted.get(name))
    if wrong:
        reason = f"does not fit config.json ({', '.join(wrong[:3])}{', …' if len(wrong) > 3 else ''})"
        raise InvalidError(Errors.E105.format(path=path, reason=reason))
