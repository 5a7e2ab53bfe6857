"""What forks leave whole: locks, as a forked process has no other thread that could release them, and due work."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from threading import RLock
from typing import Protocol
from weakref import WeakSet, WeakValueDictionary


class FinishedBeforeForks(Protocol):
    """Has work to do before a fork, which each forked process would do again."""

    def finish_before_fork(self) -> None:
        """Do it. All locks are held meanwhile, by the thread that forks."""


_one_fork = RLock()
_locks: WeakValueDictionary[int, RLock] = WeakValueDictionary()
_unfinished: WeakSet[FinishedBeforeForks] = WeakSet()


def fork_safe_lock() -> RLock:
    """Return a new lock, which one thread may take several times. No fork happens while another thread holds it."""
    lock = RLock()
    _locks[id(lock)] = lock
    return lock


_registering = fork_safe_lock()


def finish_before_forks(work: FinishedBeforeForks) -> None:
    """Have `finish_before_fork` called before each later fork, as long as the object lives."""
    with _registering:
        _unfinished.add(work)


def finish_all() -> None:
    """Do all work that is to be done before a fork, where all locks are held."""
    for work in list(_unfinished):
        work.finish_before_fork()


@contextmanager
def all_locks_held() -> Iterator[None]:
    """Wait for all locks that `fork_safe_lock` returned, and hold them: what they guard is whole in the block.

    One thread at a time. The locks are released in whichever process the block ends, so in both after a fork.
    """
    with ExitStack() as held:
        held.enter_context(_one_fork)
        for reference in _locks.valuerefs():
            lock = reference()
            if lock is not None:
                held.enter_context(lock)
        yield
