"""Saves that are complete or not made at all: files and folders are written aside, then put in their place."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import srsly
from spacy.language import Language

from .errors import BertadaptError, Errors, InvalidError, SaveError
from .folder_swap import exchange

Content = TypeVar("Content")


def save_pipeline(nlp: Language, path: str | Path, *, exclude: Iterable[str] = ()) -> None:
    """Save a pipeline as `nlp.to_disk` does, but whole: until it is complete, the earlier save at `path` stays.

    exclude: names of components and parts that are not saved. Raises OSError, and leaves the earlier save as it was,
    if the disk is full or `path` can't be written.
    """
    with replaced_folder(Path(path).resolve()) as folder:
        nlp.to_disk(folder, exclude=list(exclude))


@contextmanager
def replaced_folder(path: Path, *, names: Collection[str] | None = None) -> Iterator[Path]:
    """Yield an empty folder to write into, beside `path`, and put it in the place of `path` at the end of the block.

    names: what is replaced in the folder, while the rest of it stays; None: all of it.
    After an error in the block the old folder stays as it was. If the process is killed, at any moment, `path` is the
    old folder or the new one, complete; on a system that can't exchange two folders, it may be missing, and
    `saved_folder` gives the old one. A link or a file in the place of `path` is replaced, and what it leads to stays.
    Raises OSError if the folder can't be written or replaced.
    """
    fresh, previous = _aside(path, "new"), _aside(path, "previous")
    try:
        _remove(fresh)
        fresh.mkdir(parents=True)
        yield fresh
        if path.is_dir() and not path.is_symlink():
            shutil.copymode(path, fresh)
            _take_over([] if names is None else [entry for entry in path.iterdir() if entry.name not in names], fresh)
        _put_in_place(fresh, path, previous)
    except OSError as err:
        if isinstance(err, BertadaptError):
            raise
        raise SaveError(Errors.E130.format(path=path, reason=err.strerror or err)) from err
    finally:
        _remove(fresh)


def saved_folder(path: Path) -> Path:
    """Return the folder with the last complete save of `path`.

    That is `path`, or the previous save beside it where the process was killed before the new one took its place.
    """
    previous = _aside(path, "previous")
    return previous if previous.is_dir() and not path.exists() else path


def read_saved(path: Path, read: Callable[[Path], Content]) -> Content:
    """Return what a function reads from the last complete save of `path`.

    It is called again if another process replaced the folder meanwhile, so that it never mixes two saves.
    """
    while True:
        folder = saved_folder(path)
        before = _identity(folder)
        try:
            content = read(folder)
        except (OSError, ValueError):
            if _identity(saved_folder(path)) == before:
                raise
        else:
            if _identity(folder) == before:
                return content


def refuse_links(folder: Path, *, out_of: Path) -> None:
    """Raise ValueError for a link in a folder, or in its place, that leads out of another folder around it."""
    root = out_of.resolve()
    for path in (folder, *folder.rglob("*")):
        if path.is_symlink() and not path.resolve().is_relative_to(root):
            raise InvalidError(Errors.E133.format(path=path))


def write_text_whole(path: Path, text: str) -> None:
    """Write a text to a file beside `path`, in UTF-8, and put it in the place of `path` when it is complete."""
    fresh = _aside(path, "new")
    fresh.write_text(text, encoding="utf8")
    fresh.replace(path)


def read_json_object(path: Path) -> dict[str, Any]:
    """Return the JSON object in a file. Raises ValueError that names the file if it can't be read or holds none."""
    try:
        content = srsly.read_json(path)
    except (OSError, ValueError, RecursionError) as err:
        raise InvalidError(Errors.E105.format(path=path, reason=f"can't be read: {err}")) from err
    if not isinstance(content, dict):
        raise InvalidError(Errors.E105.format(path=path, reason="holds no JSON object"))
    return content


def _put_in_place(fresh: Path, path: Path, previous: Path) -> None:
    if not (path.is_symlink() or path.exists()):
        fresh.rename(path)
    elif exchange(fresh, path):
        _remove(fresh)
    else:
        _remove(previous)
        path.rename(previous)
        try:
            fresh.rename(path)
        except OSError:
            previous.rename(path)
            raise
    _remove(previous)


def _take_over(entries: Iterable[Path], folder: Path) -> None:
    """Give files and folders a second name in another folder of the file system, or copy them where that can't be."""
    for entry in entries:
        if entry.is_dir() and not entry.is_symlink():
            shutil.copytree(entry, folder / entry.name, symlinks=True, copy_function=_link)
        else:
            _link(str(entry), str(folder / entry.name))


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:
        shutil.copy2(source, target, follow_symlinks=False)


def _remove(path: Path) -> None:
    """Delete a folder, a file, or a link; not what a link leads to."""
    if path.is_symlink() or path.is_file():
        path.unlink()
    else:
        shutil.rmtree(path, ignore_errors=True)


def _identity(path: Path) -> tuple[int, int] | None:
    """Return what tells a folder from another one of the same name; None if there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _aside(path: Path, what: str) -> Path:
    """Return a hidden path in the same folder. what: "new" or "previous"."""
    return path.with_name(f".{path.name}.{what}")
