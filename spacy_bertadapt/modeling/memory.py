"""Telling a device that is full from every other failure."""

from __future__ import annotations

import torch

PHRASES = ("out of memory", "can't allocate memory", "cannot allocate memory")


def is_out_of_memory(err: BaseException) -> bool:
    """Whether an error says that a device (or the CPU's allocator) has no memory left."""
    if isinstance(err, (MemoryError, torch.OutOfMemoryError)):
        return True
    return isinstance(err, RuntimeError) and any(phrase in str(err).lower() for phrase in PHRASES)
