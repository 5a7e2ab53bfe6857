"""How components are saved: their state as JSON, and parts of their own, all in a folder that is replaced at once."""

from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path, PureWindowsPath
from typing import Any, ClassVar, Protocol, TypeVar

import srsly
from spacy import util

from ..errors import Errors, InvalidError
from ..files import CONFIG, PARTS, read_json_object, read_saved, refuse_links, replaced_folder

Self = TypeVar("Self", bound="SavedComponent")
STATE = "cfg"


def check_component_name(name: str) -> None:
    """Raise ValueError for a name that is no name of a folder within the pipeline's, or that another part has."""
    if name in ("", "..") or PureWindowsPath(name).name != name:
        raise InvalidError(Errors.E134.format(name=name))
    if name in PARTS:
        raise InvalidError(Errors.E138.format(name=name))


class SavedPart(Protocol):
    """A part of a component that saves itself, such as its network."""

    def to_disk(self, path: Path) -> None:
        """Write the part into a folder."""

    def from_disk(self, path: Path) -> object:
        """Read a folder that `to_disk` wrote."""

    def to_bytes(self) -> bytes:
        """Pack what `to_disk` writes."""

    def from_bytes(self, data: bytes) -> object:
        """Read what `to_bytes` packed."""


class SavedComponent:
    """The interface that spaCy wants of a component that is saved.

    part_names: the names of all parts that such a component may have. name: the component's in its pipeline, which
    is the name of its folder.
    """

    name: str
    part_names: ClassVar[tuple[str, ...]] = ("model", "layer")

    @abstractmethod
    def saved_parts(self) -> Mapping[str, SavedPart]:
        """Return the parts, by the names of their folders."""

    @abstractmethod
    def saved_state(self) -> dict[str, Any]:
        """Return the state that is not in the config, as JSON can hold it."""

    @abstractmethod
    def restore(self, state: dict[str, Any]) -> None:
        """Take over what `saved_state` returned. Raises ValueError if it doesn't fit the parts."""

    def to_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> None:
        """Write the component into a folder, with a folder for each part; an earlier save there is replaced at once.

        What is excluded, or is not the component's, stays as it was.
        Raises OSError, and leaves the earlier save as it was, if the disk is full or can't be written; ValueError for
        a name that leads out of the pipeline's folder.
        """
        check_component_name(self.name)
        if (Path(path).parent / CONFIG).is_file():  # a renamed component does not know its new name
            check_component_name(Path(path).name)
        writers: dict[str, Callable[[Path], None]] = {STATE: lambda p: srsly.write_json(p, self.saved_state())}
        writers |= {name: part.to_disk for name, part in self.saved_parts().items()}
        names = {STATE, *self.part_names}.difference(exclude)
        with replaced_folder(Path(path).parent.resolve() / Path(path).name, names=lambda _: names) as folder:
            util.to_disk(folder, writers, exclude)

    def from_disk(self: Self, path: str | Path, *, exclude: Iterable[str] = ()) -> Self:
        """Read a folder that `to_disk` wrote. Raises an error that names the file if one is missing or damaged."""
        check_component_name(self.name)
        readers: dict[str, Callable[[Path], object]] = {
            name: part.from_disk for name, part in self.saved_parts().items()
        }
        readers[STATE] = lambda p: self.restore(read_json_object(p))

        def read(folder: Path) -> None:
            refuse_links(folder, out_of=folder.parent)
            util.from_disk(folder, readers, exclude)  # type: ignore[arg-type]

        read_saved(Path(path), read)
        return self

    def to_bytes(self, *, exclude: Iterable[str] = ()) -> bytes:
        """Pack what `to_disk` writes."""
        writers: dict[str, Callable[[], bytes]] = {STATE: lambda: srsly.json_dumps(self.saved_state())}
        writers |= {name: part.to_bytes for name, part in self.saved_parts().items()}
        return util.to_bytes(writers, exclude)

    def from_bytes(self: Self, bytes_data: bytes, *, exclude: Iterable[str] = ()) -> Self:
        """Read what `to_bytes` packed."""
        readers: dict[str, Callable[[bytes], object]] = {
            name: part.from_bytes for name, part in self.saved_parts().items()
        }
        readers[STATE] = lambda packed: self.restore(srsly.json_loads(packed))
        util.from_bytes(bytes_data, readers, exclude)
        return self
