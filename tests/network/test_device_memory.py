"""A full device is told from every other failure, by failures that really happen."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest
import torch

from spacy_bertadapt.network.device_memory import is_out_of_memory


def error_of(action: Callable[[], object]) -> BaseException:
    with pytest.raises(BaseException) as caught:  # noqa: PT011 (whatever it is, it is what is tested)
        action()
    return caught.value


@pytest.mark.parametrize(
    "action",
    [
        lambda: torch.empty(2**50, dtype=torch.uint8),
        lambda: torch.zeros(2**25, 1).expand(2**25, 2**25).clone(),
        lambda: np.zeros(2**56, dtype=np.uint8),
        lambda: bytearray(2**56),
    ],
)
def test_real_failures_to_allocate(action: Callable[[], object]) -> None:
    assert is_out_of_memory(error_of(action))


@pytest.mark.parametrize(
    "action",
    [
        lambda: torch.ones(2, 3) @ torch.ones(2, 3),
        lambda: torch.device("nonsense"),
        lambda: {}["memory"],
        lambda: int("out of memory"),
        lambda: torch.ones(1).backward(),
    ],
)
def test_real_failures_of_another_kind(action: Callable[[], object]) -> None:
    assert not is_out_of_memory(error_of(action))


@pytest.mark.parametrize(
    "message",
    [
        "CUDA out of memory. Tried to allocate 2.00 GiB",
        "MPS backend out of memory (MPS allocated: 5.00 GB)",
        "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
        "[enforce fail at alloc_cpu.cpp:114] data. DefaultCPUAllocator: not enough memory: you tried to allocate 8",
        "std::bad_alloc",
        "could not create a primitive",
    ],
)
def test_messages_that_no_failure_above_brings(message: str) -> None:
    assert is_out_of_memory(RuntimeError(message))
    assert not is_out_of_memory(ValueError(message))


UNDER_A_LIMIT = """
import resource, torch
from spacy_bertadapt.network.device_memory import is_out_of_memory
layer = torch.nn.Linear(512, 512)
size = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (size + 2**27, size + 2**27))
try:
    layer(torch.ones(2**18, 512))
except (RuntimeError, MemoryError) as err:
    print(is_out_of_memory(err), layer(torch.ones(2, 512)).shape[0])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="limits address space through /proc")
def test_a_layer_that_runs_out_of_memory_can_go_on_with_less() -> None:
    done = subprocess.run([sys.executable, "-c", UNDER_A_LIMIT], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "2"]
