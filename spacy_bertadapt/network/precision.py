"""Where the network runs, and in which number format."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import torch
from thinc.api import get_current_ops

from ..errors import Errors, InvalidError

PRECISIONS = {"float32": None, "bfloat16": torch.bfloat16, "float16": torch.float16}


def resolve_device(name: str) -> torch.device:
    """Return the torch device for a setting: `auto` is spaCy's active GPU, else the CPU.

    `cuda:1` and `mps` need torch to see the device, and no CuPy. Raises ValueError where torch doesn't.
    """
    if name == "auto":
        return _spacy_device()
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as err:
        raise InvalidError(Errors.E108.format(device=name, reason=str(err).splitlines()[0])) from err
    if device.type == "meta":
        raise InvalidError(Errors.E108.format(device=name, reason="it holds shapes, and no numbers"))
    return device


def resolve_precision(name: str, device: torch.device) -> torch.dtype | None:
    """Return the autocast type for a setting, or None for plain float32.

    `auto` is bfloat16 where the hardware computes in it: GPUs from sm80 on, CPUs with AVX512-BF16 or AMX.
    Raises ValueError for an unknown setting, and for float16 on a CPU.
    """
    if name == "auto":
        return torch.bfloat16 if _has_bfloat16(device) else None
    if name not in PRECISIONS or (name == "float16" and device.type == "cpu"):
        raise InvalidError(Errors.E107.format(precision=name))
    return PRECISIONS[name]


def autocast(device: torch.device, dtype: torch.dtype | None) -> AbstractContextManager:
    """Compute in `dtype` inside the context; float32 where it is None."""
    if dtype is None and not torch.amp.is_autocast_available(device.type):
        return nullcontext()  # such as MPS before torch 2.5
    # Where it is off, the type has no effect; some versions of torch warn of float32 even then.
    return torch.autocast(device.type, dtype=dtype or torch.float16, enabled=dtype is not None)


def _spacy_device() -> torch.device:
    ops = get_current_ops()
    if ops.device_type == "gpu":
        return torch.device("cuda", max(0, ops.device_id))
    return torch.device("mps" if ops.name == "mps" else "cpu")


def _has_bfloat16(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    if device.type == "cpu":
        checks = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
        return any(hasattr(torch.cpu, check) and getattr(torch.cpu, check)() for check in checks)
    return False
