"""Telling a device that is full from every other failure."""

from __future__ import annotations

import torch

PHRASES = (
    "out of memory",  # CUDA and MPS
    "can't allocate memory",  # torch's CPU allocator; on Windows the next
    "not enough memory",
    "cannot allocate memory",
    "bad_alloc",  # C++ under torch
    "alloc_failed",  # cuBLAS and cuDNN
    "could not create a primitive",  # oneDNN, which does not say why
    "could not create a memory",
    "could not execute a primitive",
)


def is_out_of_memory(err: BaseException) -> bool:
    """Whether an error says that a device (or the CPU's allocator) has no memory left."""
    if isinstance(err, (MemoryError, torch.OutOfMemoryError)):
        return True
    return isinstance(err, RuntimeError) and any(phrase in str(err).lower() for phrase in PHRASES)
