"""Pooling: one row of logits for each text, from one row for each window."""

from __future__ import annotations

import torch
from torch import Tensor

from ...errors import Errors, InvalidError

LONG_TEXT = ("mean", "max", "first")


def check_long_text(how: str) -> str:
    """Return the setting if it is one of `LONG_TEXT`; raise ValueError otherwise."""
    if how not in LONG_TEXT:
        raise InvalidError(Errors.E202.format(long_text=how))
    return how


def pool_windows(logits: Tensor, text: Tensor, n_texts: int, how: str) -> Tensor:
    """Pool window logits (windows, labels) into text logits (texts, labels).

    text: (windows,) which text each window belongs to; every text has one at least.
    how: "mean", "max", or "first" (one window a text).
    """
    if len(text) == n_texts:
        return torch.empty_like(logits).index_copy(0, text, logits)
    pooled = logits.new_zeros((n_texts, logits.shape[1]))
    reduce = "amax" if how == "max" else "mean"
    index = text[:, None].expand_as(logits)
    return pooled.scatter_reduce(0, index, logits, reduce, include_self=False)
