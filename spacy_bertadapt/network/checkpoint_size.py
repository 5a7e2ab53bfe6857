"""The size of a saved module, compared with its files before memory is taken for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from transformers import PretrainedConfig

from ..errors import Errors, InvalidError
from .architecture import Architecture
from .transformers_calls import errors_of_file, loading

SHARED_WEIGHTS = 3  # a tied matrix is saved once, and is made for each of its places, up to three
SLACK = 2**24  # numbers beside those in the files: tables of positions, a pooler. `Checkpoint.load` names the latter
TENSORS = 4  # that a module makes for each one in its files
SLACK_TENSORS = 1000
MOST_NUMBERS, MOST_TENSORS = 2**40, 10_000  # of an encoder that is described, and not read


def check_size(folder: Path, architecture: Architecture, config: PretrainedConfig) -> None:
    """Raise ValueError if the files of weights are damaged, or config.json describes a far larger module.

    The module is built on torch's "meta" device, where tensors have shapes and no memory.
    """
    sizes = [size for name in architecture.weight_files for size in _tensor_sizes(folder / name)]
    limit = _Limit(
        folder / architecture.weight_files[0],
        numbers=SHARED_WEIGHTS * sum(sizes) + SLACK,
        tensors=TENSORS * len(sizes) + SLACK_TENSORS,
    )
    with loading(), torch.device("meta"), limit:
        architecture.build(config)


@contextmanager
def count_tensors(file: Path) -> Iterator[None]:
    """Raise ValueError as soon as more tensors are made in the block than an encoder has. file: describes them."""
    with _Limit(file, numbers=MOST_NUMBERS, tensors=MOST_TENSORS):
        yield


class _Limit(TorchDispatchMode):
    """Raises ValueError as soon as this thread has made more tensors, or more numbers in them.

    A module is made part by part: so neither layers nor tables are made that the files have no weights for.
    """

    def __init__(self, file: Path, *, numbers: int, tensors: int):
        super().__init__()
        self._file = file
        self._limits = {"numbers": numbers, "tensors": tensors}
        self._made = dict.fromkeys(self._limits, 0)

    def __torch_dispatch__(
        self,
        func: Callable[..., Any],
        types: object,
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Count what an operation makes: a tensor that is larger than those it is made from."""
        result = func(*args, **(kwargs or {}))
        largest = max((tensor.numel() for tensor in args if isinstance(tensor, Tensor)), default=-1)
        if isinstance(result, Tensor) and result.numel() > largest:
            self._count("numbers", result.numel())
            self._count("tensors", 1)
        return result

    def _count(self, what: str, more: int) -> None:
        self._made[what] += more
        if self._made[what] > self._limits[what]:
            reason = f"does not fit config.json, which describes more than {self._limits[what]:,} {what}"
            raise InvalidError(Errors.E105.format(path=self._file, reason=reason))


def _tensor_sizes(path: Path) -> list[int]:
    with errors_of_file(path), safe_open(path, framework="pt") as weights:
        return [torch.Size(weights.get_slice(name).get_shape()).numel() for name in weights.keys()]  # noqa: SIM118
