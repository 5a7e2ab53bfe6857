"""Processes that train one pipeline together: each has its own batches, and all make the same steps.

What they tell each other is numbers, gradients and JSON; nothing that they send is pickled.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain, zip_longest
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

from ..errors import Errors, ProcessError
from ..network.transformers_calls import first_line

BUCKET = 2**24  # gradients that are summed at once, 64 MB in float32
FIRST = 0
PLACE_IN_SOURCE = re.compile(r"^\[[^\]]*\] *")  # with which gloo's messages begin


class Processes:
    """A process that trains alone, and the interface of several.

    rank: its number, from 0; the first one decides, logs and saves. count: how many there are.
    """

    rank = FIRST
    count = 1

    @property
    def is_first(self) -> bool:
        """Whether this process decides, logs and saves."""
        return self.rank == FIRST

    def sum_numbers(self, numbers: Sequence[float]) -> list[float]:
        """Return the sums over all processes of as many numbers in each."""
        return list(numbers)

    def sum_gradients(self, parameters: Sequence[Tensor]) -> None:
        """Put the sums over all processes in the parameters' `.grad`; None stays where no process has a gradient."""

    def broadcast(self, tensors: Sequence[Tensor]) -> None:
        """Give all processes the values that tensors have in the first one."""

    def gather(self, content: bytes) -> Iterator[bytes]:
        """Return what each process gives, in the order of their numbers; in the others than the first: nothing.

        The first one takes it all, one after the other, before it does anything else with the others.
        """
        return iter([content])

    def tell(self, message: Any) -> Any:
        """Return what the first process says, in all of them. message: as JSON can hold it."""
        return message

    def wait(self) -> None:
        """Wait until all processes are here."""

    def any(self, *flags: bool) -> list[bool]:
        """Return for each flag whether it is set in any process."""
        return [total > 0 for total in self.sum_numbers([float(flag) for flag in flags])]

    def sum_by_name(self, counts: Mapping[str, int]) -> Counter[str]:
        """Return the sums over all processes of counts by name, of which some processes may lack some."""
        told = self.gather(json.dumps(counts).encode())
        total: Counter[str] = Counter()
        for other in told:
            total.update(json.loads(other))
        return Counter(self.tell(dict(total)))


ALONE = Processes()


class JoinedProcesses(Processes):
    """The processes of torch's default group, in which this one is.

    Gradients are exchanged where they are: gloo sums those of CPUs, nccl those of GPUs. Numbers go by gloo.
    All calls are made by all processes in the same order. They raise RuntimeError if another process has ended.
    """

    def __init__(self) -> None:
        """Take the group that there is."""
        self.rank, self.count = dist.get_rank(), dist.get_world_size()
        has_nccl_alone = dist.get_backend() == "nccl"  # as Ray Train sets it up
        self._on_cpu = dist.new_group(backend="gloo") if has_nccl_alone else None

    def sum_numbers(self, numbers: Sequence[float]) -> list[float]:
        """Return the sums over all processes: see `Processes`."""
        if not numbers:
            return []
        values = torch.tensor(numbers, dtype=torch.float64)
        with _errors_of_others():
            dist.all_reduce(values, group=self._on_cpu)
        return values.tolist()

    def sum_gradients(self, parameters: Sequence[Tensor]) -> None:
        """Sum gradients in flat buckets: see `Processes`."""
        counts = self.sum_numbers([float(parameter.grad is not None) for parameter in parameters])
        learning = [parameter for parameter, count in zip(parameters, counts, strict=True) if count]
        for bucket in _buckets(learning):
            gradients = [_gradient(parameter).flatten() for parameter in bucket]
            flat = gradients[0] if len(gradients) == 1 else torch.cat(gradients)  # the largest one is not copied
            with _errors_of_others():
                dist.all_reduce(flat)
            for parameter, part in zip(bucket, flat.split([other.numel() for other in bucket]), strict=True):
                parameter.grad = part.view_as(parameter)

    def broadcast(self, tensors: Sequence[Tensor]) -> None:
        """Give all processes the first one's values: see `Processes`."""
        with _errors_of_others(), torch.no_grad():
            for tensor in tensors:
                values = tensor.detach().contiguous()
                dist.broadcast(values, FIRST)
                if not tensor.is_contiguous():
                    tensor.copy_(values)

    def gather(self, content: bytes) -> Iterator[bytes]:
        """Return what each process gives: see `Processes`."""
        sizes = [0.0] * self.count
        sizes[self.rank] = len(content)
        sizes = self.sum_numbers(sizes)
        if self.is_first:
            others = (self._received(int(size), rank) for rank, size in enumerate(sizes) if rank != FIRST)
            return chain([content], others)
        with _errors_of_others():
            dist.send(_as_tensor(content), FIRST, group=self._on_cpu)
        return iter(())

    def tell(self, message: Any) -> Any:
        """Return what the first process says: see `Processes`."""
        content = json.dumps(message, default=float).encode() if self.is_first else b""  # NumPy's numbers too
        size = torch.tensor([len(content)])
        with _errors_of_others():
            dist.broadcast(size, FIRST, group=self._on_cpu)
            values = _as_tensor(content) if self.is_first else torch.empty(int(size), dtype=torch.uint8)
            dist.broadcast(values, FIRST, group=self._on_cpu)
        return json.loads(values.numpy().tobytes())

    def wait(self) -> None:
        """Wait until all processes are here."""
        self.sum_numbers([0.0])

    def _received(self, size: int, rank: int) -> bytes:
        values = torch.empty(max(1, size), dtype=torch.uint8)
        with _errors_of_others():
            dist.recv(values, rank, group=self._on_cpu)
        return values.numpy().tobytes()[:size]


def _buckets(parameters: Sequence[Tensor]) -> Iterator[list[Tensor]]:
    """Yield parameters of one number format that have a bucket's size together, in their order."""
    bucket: list[Tensor] = []
    for parameter, following in zip_longest(parameters, parameters[1:]):
        bucket.append(parameter)
        size = sum(other.numel() for other in bucket)
        if following is None or following.dtype != parameter.dtype or size + following.numel() > BUCKET:
            yield bucket
            bucket = []


def _gradient(parameter: Tensor) -> Tensor:
    return torch.zeros_like(parameter) if parameter.grad is None else parameter.grad


def _as_tensor(content: bytes) -> Tensor:
    """Return bytes as a tensor that can be sent: at least one, as nothing can't be."""
    return torch.frombuffer(bytearray(content or b" "), dtype=torch.uint8)


@contextmanager
def _errors_of_others() -> Iterator[None]:
    """Raise an error of torch's processes in one line: mostly, another process has ended."""
    try:
        yield
    except RuntimeError as err:
        reason = PLACE_IN_SOURCE.sub("", first_line(err)).partition(". ")[0]
        raise ProcessError(Errors.E575.format(reason=reason)) from err
