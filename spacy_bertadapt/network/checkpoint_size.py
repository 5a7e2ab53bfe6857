"""The size of a saved module, compared with its files before memory is taken for it."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors import safe_open
from transformers import PretrainedConfig

from ..errors import Errors, InvalidError
from .architecture import Architecture
from .transformers_calls import errors_of_file, loading

SHARED_WEIGHTS = 2  # a tied matrix is saved once, and stands twice in the module
SLACK = 1_000_000  # parameters that may be missing in the files, such as a pooler; `Checkpoint.load` names them


def check_size(folder: Path, architecture: Architecture, config: PretrainedConfig) -> None:
    """Raise ValueError if the files of weights are damaged, or config.json describes a far larger module.

    The module is built on torch's "meta" device, where parameters have shapes and no memory.
    """
    sizes = [size for name in architecture.weight_files for size in _tensor_sizes(folder / name)]
    layers = getattr(config, "num_hidden_layers", 0)
    if layers > len(sizes):
        raise _does_not_fit(folder / architecture.weight_files[0], f"{layers} layers")
    with loading(), torch.device("meta"):
        module = architecture.build(config)
    parameters = sum(parameter.numel() for parameter in module.parameters())
    if parameters > SHARED_WEIGHTS * sum(sizes) + SLACK:
        raise _does_not_fit(folder / architecture.weight_files[0], f"{parameters:,} parameters")


def _tensor_sizes(path: Path) -> list[int]:
    with errors_of_file(path), safe_open(path, framework="pt") as weights:
        return [torch.Size(weights.get_slice(name).get_shape()).numel() for name in weights.keys()]  # noqa: SIM118


def _does_not_fit(path: Path, described: str) -> InvalidError:
    return InvalidError(Errors.E105.format(path=path, reason=f"does not fit config.json, which describes {described}"))
