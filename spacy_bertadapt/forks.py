"""Locks that no fork leaves locked for good: a forked process has one thread, and no other that could release them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from threading import RLock
from weakref import WeakValueDictionary

_one_fork = RLock()
_locks: WeakValueDictionary[int, RLock] = WeakValueDictionary()


def fork_safe_lock() -> RLock:
    """Return a new lock, which one thread may take several times. No fork happens while another thread holds it."""
    lock = RLock()
    _locks[id(lock)] = lock
    return lock


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
