"""Files that commands write: whether that will be possible, known before the work."""

from __future__ import annotations

import os
from pathlib import Path

from ..errors import Errors, SaveError


def check_output(path: Path) -> None:
    """Raise OSError if a file can't be written at a path; folders that are not there yet can be made."""
    reason = _obstacle(path.absolute())
    if reason is not None:
        raise SaveError(Errors.E527.format(path=path, reason=reason))


def _obstacle(path: Path) -> str | None:
    """Return why a file can't be written; None if it can."""
    if path.exists():
        if path.is_dir():
            return "it is a folder"
        return None if os.access(path, os.W_OK) else "it is write-protected"
    folder = next(parent for parent in path.parents if parent.exists())
    if not folder.is_dir():
        return f"{folder} is a file, and no folder"
    return None if os.access(folder, os.W_OK | os.X_OK) else f"the folder {folder} is write-protected"
