"""Where an encoder comes from: a hub id, a directory, or a package that ships one."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from difflib import get_close_matches
from importlib.util import find_spec
from pathlib import Path, PureWindowsPath
from pkgutil import iter_modules

from ..errors import Errors, InvalidError, NotFoundError, require

PACKAGE_PREFIX = "package:"
HUB_ID = re.compile(r"(?!\.)[\w.-]+(/[\w.-]+)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class EncoderSource:
    """Which pretrained encoder a component starts from. Nothing is read before `initialize`.

    name: hub id, directory, or `package:NAME` for a pip-installed package with a checkpoint folder;
    `package:NAME/FOLDER` for the one in a folder of that name, of several in the package.
    revision: branch, tag or commit of a hub id. dropout: overrides every dropout rate of the checkpoint.
    """

    name: str
    revision: str | None = None
    dropout: float | None = None

    def __post_init__(self) -> None:
        check_dropout(self.dropout)

    @property
    def lasting(self) -> EncoderSource:
        """The source by a name that is valid from any working directory: a directory's absolute path."""
        path = Path(self.name).expanduser()
        return replace(self, name=str(path.resolve())) if path.is_dir() else self

    @property
    def is_hub_id(self) -> bool:
        """Whether the name is a hub's by its form, and no directory has it."""
        return HUB_ID.fullmatch(self.name) is not None and not Path(self.name).is_dir()

    @property
    def public_name(self) -> str:
        """The name without the folders that a directory lies in on this machine."""
        if self.is_hub_id or self.name.startswith(PACKAGE_PREFIX):
            return self.name
        return PureWindowsPath(os.path.abspath(Path(self.name).expanduser())).name

    @property
    def is_local(self) -> bool:
        """Whether the encoder is on this machine as a directory or an installed package."""
        try:
            return Path(self.locate()).is_dir()
        except (FileNotFoundError, ValueError):
            return False

    def locate(self) -> str:
        """Return a directory, or the name itself if it is a hub id.

        Raises FileNotFoundError for a missing package or directory, ValueError for a folder without a checkpoint.
        """
        if self.name.startswith(PACKAGE_PREFIX):
            return str(_package_folder(self.name))
        path = Path(self.name).expanduser()
        if path.is_dir():
            if not (path / "config.json").is_file():
                raise InvalidError(Errors.E102.format(name=self.name, reason="config.json is missing"))
            return str(path)
        if path.is_absolute() or self.name.startswith((".", "~")) or self.name.count("/") > 1:
            raise NotFoundError(
                Errors.E101.format(name=self.name, reason=f"no directory {path}", remedy="Check the path.")
            )
        return self.name


def check_dropout(rate: float | None) -> None:
    """Raise ValueError for a dropout rate in a config that is none."""
    require("encoder.dropout", rate, possible=rate is None or 0 <= rate < 1, remedy="use 0 ≤ rate < 1")


def _package_folder(name: str) -> Path:
    package, _, part = name.removeprefix(PACKAGE_PREFIX).partition("/")
    spec = find_spec(package) if package.isidentifier() else None
    if spec is None or not spec.submodule_search_locations:
        similar = get_close_matches(package, (module.name for module in iter_modules()), n=1, cutoff=0.8)
        guess = f"Did you mean {PACKAGE_PREFIX}{similar[0]}? " if similar else ""
        remedy = f"{guess}If it is spelt right, install it: pip install --no-deps {package.replace('_', '-')}"
        raise NotFoundError(Errors.E101.format(name=name, reason=f"no installed package '{package}'", remedy=remedy))
    root = Path(spec.submodule_search_locations[0])
    folders = sorted({path.parent for path in root.rglob("config.json") if _has_weights(path.parent)})
    if part:
        folders = [folder for folder in folders if part in folder.relative_to(root).parts]
    if len(folders) != 1:
        names = ", ".join(str(folder.relative_to(root)) for folder in folders) or "none"
        reason = f"expected one folder with config.json and weights in {part or 'the package'}, found {names}"
        raise InvalidError(Errors.E102.format(name=name, reason=reason))
    return folders[0]


def _has_weights(folder: Path) -> bool:
    return any(folder.glob("*.safetensors")) or any(folder.glob("pytorch_model*.bin"))
