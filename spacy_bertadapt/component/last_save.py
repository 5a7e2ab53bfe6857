"""Where a component was saved last, for others of its pipeline that are saved after it and name it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from .config_beside import CONFIG
from .saving import SavedComponent


class PlaceOfSave(NamedTuple):
    """Where a component was saved with its pipeline.

    folder: the pipeline's. name: of the component's folder in it. version: what tells the pipeline's save, by its
    config file, from an earlier or a later one in the same folder.
    """

    folder: Path
    name: str
    version: tuple[int, int, int]


class KnowsLastSave(SavedComponent):
    """A component that knows where it was saved last: a pipeline may call it otherwise than it calls itself."""

    _last_save: PlaceOfSave | None = None

    def to_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> None:
        """Write the component into a folder, and note which."""
        exclude = tuple(exclude)
        self._last_save = None
        super().to_disk(path, exclude=exclude)
        folder = Path(path).parent.resolve()
        version = _version(folder)
        if version is not None and "model" not in exclude:
            self._last_save = PlaceOfSave(folder, Path(path).name, version)

    def to_bytes(self, *, exclude: Iterable[str] = ()) -> bytes:
        """Pack what `to_disk` writes. Bytes have no name."""
        self._last_save = None
        return super().to_bytes(exclude=exclude)

    @property
    def saved_name(self) -> str:
        """The name under which it was saved last; its own before that."""
        return self.name if self._last_save is None else self._last_save.name

    def is_saved_in(self, folder: Path) -> bool:
        """Return whether it belongs to the save of a pipeline that a folder holds, or is getting just now."""
        save = self._last_save
        return save is not None and (save.folder, save.version) == (folder, _version(folder))


def _version(folder: Path) -> tuple[int, int, int] | None:
    """Return what tells a pipeline's config file from one written before or after; None without such a file."""
    try:
        status = (folder / CONFIG).stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size
