"""Where the outputs of some files lie, and what is kept beside them while they are made."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fsspec.core import url_to_fs

from ...errors import Errors, ExistsError, InvalidError, NotFoundError
from .inputs import FileSystem, InputFile, format_of, output_name

WORK = "_apply"
"""The name of the folder that holds finished parts and the manifest; other programs leave out names with "_"."""


@dataclass(frozen=True, slots=True)
class Target:
    """The output of a file.

    name: its path in the folder of outputs. path: in their file system. format: "parquet", "jsonl" or "csv".
    """

    source: InputFile
    name: str
    path: str
    format: str


@dataclass(frozen=True, slots=True)
class Layout:
    """The outputs of some files.

    system: their file system. work: the folder of parts and manifest. shown: the output as it was named. is_file:
    whether that names the one output itself.
    """

    system: FileSystem
    work: str
    targets: Sequence[Target]
    shown: str
    is_file: bool

    @property
    def manifest(self) -> str:
        """The path of the manifest."""
        return f"{self.work}/manifest.json"


def plan_outputs(files: Sequence[InputFile], output: str, *, format: str | None = None) -> Layout:
    """Return where the outputs of files will lie.

    output: a folder, or the name of one file, by its suffix, for one input. format: of all outputs; None: that of each
    input, or what the name of the one output says.
    Raises ValueError if two outputs would have one name, or an output would be an input.
    """
    system, root = url_to_fs(output)
    root = root.rstrip("/") or root
    named = format_of(posixpath.basename(root))
    files = [file for file in files if not _is_earlier_output(file, system, root)]
    is_file = len(files) == 1 and named is not None and not system.isdir(root)
    if is_file:
        folder, name = posixpath.split(root)
        work = posixpath.join(folder, f"{WORK}_{name}")
        targets = [Target(files[0], name, root, format or named or files[0].format)]
    else:
        work = f"{root}/{WORK}"
        targets = [_target(file, root, format or file.format) for file in files]
    _check(targets, system, root)
    return Layout(system, work, targets, output, is_file)


def check_earlier(layout: Layout, *, resume: bool, force: bool) -> None:
    """Raise FileExistsError or FileNotFoundError if what is at the outputs does not fit `resume` or `force`.

    With `force`, what is left of an earlier run is removed.
    """
    system = layout.system
    has_run = system.exists(layout.manifest)
    if force:
        if system.exists(layout.work):
            system.rm(layout.work, recursive=True)
    elif resume:
        existing = [target.path for target in layout.targets if system.exists(target.path)]
        if not has_run and existing:
            reason = f"{WORK} is not there, which says how {existing[0]} was made"
            raise NotFoundError(Errors.E514.format(path=layout.shown, reason=reason, remedy="Begin anew with --force."))
    elif has_run:
        raise ExistsError(Errors.E513.format(path=layout.shown))
    else:
        for target in layout.targets:
            if system.exists(target.path):
                raise ExistsError(Errors.E505.format(path=target.path))


def _is_earlier_output(file: InputFile, system: FileSystem, root: str) -> bool:
    """Return whether a file of a folder lies in the folder of outputs, and that one in the folder."""
    folder = file.path.removesuffix(file.name).rstrip("/")
    is_within = root.startswith(f"{folder}/") and file.path.startswith(f"{root}/")
    return is_within and type(file.system) is type(system)


def _target(file: InputFile, root: str, format: str) -> Target:
    name = output_name(file, format)
    return Target(file, name, f"{root}/{name}", format)


def _check(targets: Sequence[Target], system: FileSystem, root: str) -> None:
    by_path: dict[str, Target] = {}
    for target in targets:
        other = by_path.setdefault(target.path, target)
        if other is not target:
            names = f"{other.source.name} and {target.source.name}"
            raise InvalidError(Errors.E532.format(output=f"{names} would both be written to {target.path}, which"))
    if not _is_local(system):
        inputs = {file.source.path for file in targets if type(file.source.system) is type(system)}
        clash = next((path for path in by_path if path in inputs), None)
    else:
        folders = [os.path.realpath(target.source.path) for target in targets if _is_local(target.source.system)]
        clash = next((path for path in by_path if os.path.realpath(path) in folders), None)
    if clash is not None:
        raise InvalidError(Errors.E532.format(output=clash))
    if Path(root).is_file() and _is_local(system) and not any(target.path == root for target in targets):
        raise ExistsError(Errors.E505.format(path=root))


def _is_local(system: FileSystem) -> bool:
    return "file" in (system.protocol if isinstance(system.protocol, tuple) else (system.protocol,))
