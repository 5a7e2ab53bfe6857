"""What a run has done, in a file beside its outputs: by it, the next one goes on."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

from ...errors import Errors, InvalidError
from .layout import Layout, Target

WRITE_EVERY = 1.0  # seconds, at most
VERSION = 1


class Manifest:
    """The files that a run has finished.

    settings: what an output depends on beside its input: the pipeline, and the columns.
    """

    def __init__(self, layout: Layout, settings: Mapping[str, Any]):
        """Take up the manifest of an earlier run. Raises ValueError if that had other settings, or can't be read."""
        self._system = layout.system
        self._path = layout.manifest
        self._settings = dict(settings)
        self._files: dict[str, dict[str, Any]] = {}
        self._written = 0.0
        if self._system.exists(self._path):
            self._read(layout.shown)
        self.write()

    def rows_of(self, target: Target) -> tuple[int, int] | None:
        """Return the rows and bad rows of an output that is finished; None if it is not, or its input has changed."""
        known = self._files.get(target.name)
        if known is None or known["input"] != target.source.identity or not self._system.exists(target.path):
            return None
        return known["rows"], known["errors"]

    def note(self, target: Target, rows: int, errors: int) -> None:
        """Note that an output is finished."""
        self._files[target.name] = {"input": target.source.identity, "rows": rows, "errors": errors}
        if time.monotonic() - self._written >= WRITE_EVERY:
            self.write()

    def write(self) -> None:
        """Write what is noted, whole."""
        content = {"version": VERSION, "settings": self._settings, "files": self._files}
        fresh = f"{self._path}.new"
        self._system.makedirs(self._path.rsplit("/", 1)[0], exist_ok=True)
        with self._system.open(fresh, "wb") as stream:
            stream.write(json.dumps(content, indent=1).encode())
        self._system.mv(fresh, self._path)
        self._written = time.monotonic()

    def is_of_nothing(self) -> bool:
        """Return whether no output is finished, nor a part of one."""
        work = self._path.rsplit("/", 1)[0]
        return not self._files and not any(map(self._system.isdir, self._system.ls(work, detail=False)))

    def tidy(self, *, whole: bool) -> None:
        """Delete what is left of parts, such as those of inputs that have changed. whole: the manifest too."""
        work = self._path.rsplit("/", 1)[0]
        if whole:
            self._system.rm(work, recursive=True)
            return
        for path in self._system.ls(work, detail=False):
            if self._system.isdir(path):
                self._system.rm(path, recursive=True)

    def _read(self, shown: str) -> None:
        try:
            with self._system.open(self._path, "rb") as stream:
                content = json.load(stream)
            settings, self._files = content["settings"], content["files"]
        except (ValueError, KeyError, TypeError) as err:
            remedy = "Begin anew with --force."
            raise InvalidError(
                Errors.E514.format(path=shown, reason=f"its manifest is damaged ({err})", remedy=remedy)
            ) from err
        changes = [name for name, value in self._settings.items() if settings.get(name) != value]
        if changes:
            raise InvalidError(Errors.E515.format(path=shown, changes=", ".join(changes)))
