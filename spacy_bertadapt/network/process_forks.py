"""Forked workers, as `nlp.pipe(..., n_process=2)` makes them on Linux."""

from __future__ import annotations

import os
from contextlib import ExitStack
from threading import Lock, local

import torch

from ..errors import Errors, ProcessError
from ..forks import all_locks_held, finish_all

TOKENIZERS_THREADS = "TOKENIZERS_PARALLELISM"


class _OfThread(local):
    """The locks that a thread holds while it forks."""

    def __init__(self) -> None:
        self.held = ExitStack()


class ForkGuard:
    """Keeps forked workers from waiting for threads that exist in the parent alone.

    OpenMP's threads (torch) and Rayon's (tokenizers) don't exist in a forked child, which has to work with one. What
    other threads hold locked would stay locked there, so a fork waits for them; while one loads, until it has loaded.
    """

    forked = False
    _of_thread = _OfThread()

    @classmethod
    def before(cls) -> None:
        """Hold all locks, and switch off the tokenizers library's threads, in the environment the child inherits.

        Work that is due is done once, and not in each child. Python prints an error of it, and forks all the same.
        """
        held = cls._of_thread.held
        held.enter_context(all_locks_held())
        held.callback(_set_tokenizers_threads, os.environ.get(TOKENIZERS_THREADS))
        _set_tokenizers_threads("false")
        finish_all()

    @classmethod
    def after_in_parent(cls) -> None:
        """Restore the parent's setting, and release the locks."""
        cls._of_thread.held.close()

    @classmethod
    def after_in_child(cls) -> None:
        """Release the locks, and limit torch and the tokenizers library to one thread."""
        cls._of_thread.held.close()
        cls.forked = True
        _set_tokenizers_threads("false")
        torch.set_num_threads(1)


_unguarded = Lock()  # taken once, by whoever registers the guard, and never released


def guard_forks() -> None:
    """Register `ForkGuard` for all later forks of this process."""
    if hasattr(os, "register_at_fork") and _unguarded.acquire(blocking=False):
        os.register_at_fork(
            before=ForkGuard.before,
            after_in_parent=ForkGuard.after_in_parent,
            after_in_child=ForkGuard.after_in_child,
        )


def refuse_forked_gpu(device: torch.device) -> None:
    """Raise RuntimeError for a GPU in a forked process, where CUDA would fail or hang."""
    if ForkGuard.forked and device.type != "cpu":
        raise ProcessError(Errors.E109)


def _set_tokenizers_threads(setting: str | None) -> None:
    """Set the environment's variable. setting: None removes it."""
    if setting is None:
        os.environ.pop(TOKENIZERS_THREADS, None)
    else:
        os.environ[TOKENIZERS_THREADS] = setting
