"""Forked workers, as `nlp.pipe(..., n_process=2)` makes them on Linux."""

from __future__ import annotations

import os
from functools import cache

import torch

from ..errors import Errors, ProcessError

TOKENIZERS_THREADS = "TOKENIZERS_PARALLELISM"


class ForkGuard:
    """Keeps forked workers from waiting for threads that exist in the parent alone.

    OpenMP's threads (torch) and Rayon's (tokenizers) don't exist in a forked child, which has to work with one.
    """

    forked = False
    _setting: str | None = None

    @classmethod
    def before(cls) -> None:
        """Switch off the tokenizers library's threads, in the environment that the child inherits."""
        cls._setting = os.environ.get(TOKENIZERS_THREADS)
        os.environ[TOKENIZERS_THREADS] = "false"

    @classmethod
    def after_in_parent(cls) -> None:
        """Restore the parent's setting."""
        if cls._setting is None:
            del os.environ[TOKENIZERS_THREADS]
        else:
            os.environ[TOKENIZERS_THREADS] = cls._setting

    @classmethod
    def after_in_child(cls) -> None:
        """Limit torch to one thread."""
        cls.forked = True
        torch.set_num_threads(1)


@cache
def guard_forks() -> None:
    """Register `ForkGuard` for all later forks of this process."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(
            before=ForkGuard.before,
            after_in_parent=ForkGuard.after_in_parent,
            after_in_child=ForkGuard.after_in_child,
        )


def refuse_forked_gpu(device: torch.device) -> None:
    """Raise RuntimeError for a GPU in a forked process, where CUDA would fail or hang."""
    if ForkGuard.forked and device.type != "cpu":
        raise ProcessError(Errors.E109)
