"""Folders that take the place of others at once: written aside, exchanged as Linux and macOS can, then removed."""

from __future__ import annotations

import ctypes
import os
import re
import secrets
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path

AT_FDCWD = -100  # of Linux: paths are taken as the process would
RENAME_EXCHANGE = 2  # of Linux; RENAME_SWAP of macOS has the same number
FRESH = re.compile(r"\.(.+)\.[0-9a-f]{8}\.new")
DAY = 24 * 60 * 60  # seconds


@contextmanager
def folder_beside(path: Path) -> Iterator[Path]:
    """Yield an empty folder beside `path`, of this saver alone; what has its name at the end is removed.

    What processes that were killed have left there is removed first. Raises OSError if there can't be a folder.
    """
    if path.parent.exists():
        remove_leftovers(path)
    fresh, lock = _locked_folder(path)
    try:
        yield fresh
    finally:
        remove(fresh)
        if lock is not None:
            os.close(lock)


def remove_leftovers(path: Path) -> None:
    """Delete folders that other savers of `path` have left beside it, as they were killed.

    Raises OSError if the folder that they are in can't be read.
    """
    name = re.compile(rf"\.{re.escape(path.name)}\.[0-9a-f]{{8}}\.new")
    for folder in path.parent.iterdir():
        if name.fullmatch(folder.name):
            with suppress(OSError):  # it is locked, so written now; or removed meanwhile
                lock = _lock(folder, wait=False)
                if lock is not None:
                    remove(folder)
                    os.close(lock)
                elif time.time() - folder.stat().st_mtime > DAY:
                    remove(folder)


@contextmanager
def held_by_one_saver(path: Path) -> Iterator[bool]:
    """Keep other savers, in threads and processes, from replacing what is at `path`; yield whether anything is there.

    Where there are no locks, nobody is kept from it.
    """
    lock: int | None = None
    is_there = False
    with suppress(OSError):  # there is nothing, or nothing that can be opened
        is_there = os.path.lexists(path)
        lock = _lock(path, wait=True)
        while lock is not None and not os.path.samestat(os.fstat(lock), path.stat()):  # another one has replaced it
            os.close(lock)
            lock = None
            lock = _lock(path, wait=True)
    try:
        yield is_there
    finally:
        if lock is not None:
            os.close(lock)


def final_path(path: Path) -> Path:
    """Return the path that a file will have once the folders of `folder_beside` around it are in their places."""
    return Path(*(match[1] if (match := FRESH.fullmatch(part)) else part for part in path.parts))


def put_in_place(fresh: Path, path: Path) -> None:
    """Give a folder the name `path`. What had that name has the folder's afterwards, or is removed."""
    if not exchange(fresh, path):
        _rename_in_place(fresh, path)
    remove(_previous(path))


def saved_folder(path: Path) -> Path:
    """Return the folder with the last complete save of `path`.

    That is `path`, or the previous save beside it where the process was killed before the new one took its place.
    """
    previous = _previous(path)
    return previous if previous.is_dir() and not path.exists() else path


def remove(path: Path) -> None:
    """Delete a folder, read-only folders in it too, a file, or a link; not what a link leads to."""
    if path.is_symlink() or path.is_file():
        path.unlink(missing_ok=True)
        return
    _allow_changes(path)
    for folder, folders, _ in os.walk(path):
        for name in folders:
            _allow_changes(Path(folder, name))
    shutil.rmtree(path, ignore_errors=True)


def exchange(first: Path, second: Path) -> bool:
    """Let two paths on one file system exchange their names, in a single step that nothing can interrupt.

    Returns False, and leaves both as they are, where one is missing, or the system or the file system can't do that.
    """
    rename = _exchanging_rename()
    return rename is not None and rename(os.fsencode(first), os.fsencode(second)) == 0


@lru_cache(maxsize=1)
def _exchanging_rename() -> Callable[[bytes, bytes], int] | None:
    """Return the system's function, which gives 0 if it has worked; None if there is no such function."""
    with suppress(OSError, AttributeError):  # an older system has no such function
        if sys.platform.startswith("linux"):
            renameat2 = ctypes.CDLL(None).renameat2
            return lambda first, second: renameat2(AT_FDCWD, first, AT_FDCWD, second, RENAME_EXCHANGE)
        if sys.platform == "darwin":
            renamex_np = ctypes.CDLL(None).renamex_np
            return lambda first, second: renamex_np(first, second, RENAME_EXCHANGE)
    return None


def _rename_in_place(fresh: Path, path: Path) -> None:
    previous = _previous(path)
    remove(previous)
    try:
        if os.path.lexists(path):
            path.rename(previous)
        fresh.rename(path)
    except BaseException:
        if not os.path.lexists(path) and os.path.lexists(previous):
            previous.rename(path)
        elif exchange(fresh, path):  # another process has just made the first save
            return
        raise


def _locked_folder(path: Path) -> tuple[Path, int | None]:
    """Make a folder beside `path`, and lock it, so that no other process takes it for a leftover.

    Returns the folder, and the open file that holds the lock until it is closed or the process ends.
    """
    while True:
        fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}.new")
        fresh.mkdir(parents=True)
        try:
            lock = _lock(fresh, wait=True)
        except FileNotFoundError:
            continue  # it was removed as a leftover, before it was locked
        if fresh.exists():
            return fresh, lock
        if lock is not None:
            os.close(lock)


def _lock(folder: Path, *, wait: bool) -> int | None:
    """Lock a folder for this process, and return the open file that holds the lock.

    wait: whether to wait for another process that has locked it. Returns None where the system or the file system has
    no such locks. Raises OSError if there is no such folder, or another process has locked it.
    """
    try:
        import fcntl
    except ImportError:  # Windows
        return None
    opened = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError as err:
        os.close(opened)
        if isinstance(err, BlockingIOError):
            raise
        return None
    return opened


def _previous(path: Path) -> Path:
    """Return where a save waits for the next one to be in place, on a system that can't exchange two folders."""
    return path.with_name(f".{path.name}.previous")


def _allow_changes(folder: Path) -> None:
    with suppress(OSError):
        if not folder.is_symlink():
            folder.chmod(0o700)
