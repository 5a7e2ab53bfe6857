"""Two folders that exchange their names at once, as Linux and macOS can."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

AT_FDCWD = -100  # of Linux: paths are taken as the process would
RENAME_EXCHANGE = 2  # of Linux; RENAME_SWAP of macOS has the same number


def exchange(first: Path, second: Path) -> bool:
    """Let two paths on one file system exchange their names, in a single step that nothing can interrupt.

    Returns False, and leaves both as they are, where the system or the file system can't do that.
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
