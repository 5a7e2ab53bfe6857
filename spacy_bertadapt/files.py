"""Saves that are complete or not made at all: files and folders are written aside, then put in their place."""

from __future__ import annotations

import errno
import os
import re
import shutil
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import spacy
import srsly
from spacy.language import Language

from .errors import BertadaptError, Errors, InvalidError, SaveError
from .folder_swap import folder_beside, held_by_one_saver, put_in_place, saved_folder

Content = TypeVar("Content")
META, CONFIG, WEIGHTS = "meta.json", "config.cfg", "*.safetensors"
PARTS = (META, CONFIG, "tokenizer", "vocab")  # of a pipeline's folder, beside the folders of its components


def save_pipeline(nlp: Language, path: str | Path, *, exclude: Iterable[str] = ()) -> None:
    """Save a pipeline as `nlp.to_disk` does, but whole: until it is complete, the earlier save at `path` stays.

    Files and folders at `path` that are no part of the earlier pipeline stay too.
    exclude: names of components and parts that are not saved: those of an earlier save stay, as with `nlp.to_disk`, and
    what is in the folder then is not of one save. Raises OSError, and leaves the earlier save as it was,
    if the disk is full or `path` can't be written or replaced; ValueError for a component that has the name of another
    part of the folder.
    """
    exclude = list(exclude)
    for name in PARTS:
        if name in nlp.component_names:
            raise InvalidError(Errors.E138.format(name=name))
    with replaced_pipeline(Path(path).resolve(), keep=exclude) as folder:
        nlp.to_disk(folder, exclude=exclude)


def copy_pipeline(source: Path, target: Path) -> None:
    """Copy a saved pipeline in the place of another one, whole: see `save_pipeline`.

    No other file or folder beside it is copied in the place of one that the target has already. Raises what
    `save_pipeline` raises.
    """
    stems = {Path(name).stem for name in pipeline_names(source)}  # some components are saved as a file with a suffix
    with replaced_pipeline(target.resolve()) as folder:
        for entry in source.iterdir():
            if entry.stem in stems or not (target / entry.name).exists():
                copy_entry = shutil.copytree if entry.is_dir() else shutil.copy2
                copy_entry(entry, folder / entry.name)


def load_pipeline(path: str | Path, **settings: Any) -> Language:
    """Load a pipeline as `spacy.load` does, but of one save: it is read again if `save_pipeline` replaced it meanwhile.

    settings: those of `spacy.load`. Raises what `spacy.load` raises.
    """
    return read_saved(Path(path), lambda folder: spacy.load(folder, **settings))


@contextmanager
def replaced_pipeline(path: Path, *, keep: Collection[str] = ()) -> Iterator[Path]:
    """Do what `replaced_folder` does, for the folder of a pipeline: what is no part of it stays.

    keep: parts of it that stay too. Raises OSError also if `path` is a file, or if something would be replaced there
    that no pipeline saved there has written.
    """
    if path.exists() and not path.is_dir():
        raise SaveError(Errors.E130.format(path=path, reason=os.strerror(errno.ENOTDIR)))

    def replaceable(fresh: Path) -> set[str]:
        written = sorted(entry.name for entry in fresh.iterdir())
        return _replaceable_names(path, written) - _names_on_disk(keep)

    with replaced_folder(path, names=replaceable) as folder:
        yield folder


def pipeline_names(folder: Path) -> set[str]:
    """Return the names of the files and folders that belong to the pipeline in a folder, if there is one.

    Its components are those of the config: another program's meta.json may list anything.
    """
    if not _is_pipeline(folder):
        return set()
    config = (folder / CONFIG).read_text(encoding="utf8", errors="replace") if (folder / CONFIG).is_file() else ""
    return {*PARTS, *_names_on_disk(re.findall(r"^\[components\.(.+)\]\s*$", config, re.MULTILINE))}


def _replaceable_names(folder: Path, written: Iterable[str]) -> set[str]:
    """Return the names of the pipeline in a folder. Raises OSError if one that is written is something else's there."""
    own = pipeline_names(folder)
    for name in written:
        if os.path.lexists(folder / name) and own.isdisjoint((name, Path(name).stem)):
            raise SaveError(Errors.E137.format(path=folder, name=name))
    return own


def _names_on_disk(names: Iterable[str]) -> set[str]:
    """Return the names that components may have in a folder: spaCy's sentencizer is saved as a file NAME.json."""
    return {entry for name in names for entry in (name, f"{name}.json")}


def _is_pipeline(folder: Path) -> bool:
    """Return whether a folder is a pipeline's: its meta.json is one of spaCy's, or what was one once is damaged."""
    looks_like_one = all((folder / name).exists() for name in (META, CONFIG, "vocab"))
    return looks_like_one or {"lang", "spacy_version"} <= _meta_of(folder).keys()


def _meta_of(folder: Path) -> dict[str, Any]:
    with suppress(InvalidError):
        return read_json_object(folder / META)
    return {}


@contextmanager
def replaced_folder(path: Path, *, names: Callable[[Path], Collection[str]] | None = None) -> Iterator[Path]:
    """Yield an empty folder to write into, beside `path`, and put it in the place of `path` at the end of the block.

    names: takes the folder when all is written, and returns what is replaced at `path` beside that, while the rest of
    it stays; None: all of it is replaced. Meanwhile no other saver replaces `path`.
    After an error in the block the old folder stays as it was. If the process is killed, at any moment, `path` is the
    old folder or the new one, complete; on a system that can't exchange two folders, it may be missing, and
    `saved_folder` gives the old one. A link or a file in the place of `path` is replaced, and what it leads to stays.
    Several processes and threads may save to one `path`; it is the folder of the last one.
    Raises OSError if the folder can't be written or replaced.
    """
    try:
        _check_replaceable(path)
        with folder_beside(path) as fresh:
            yield fresh
            _open_to_others(fresh)
            saved = saved_folder(path)
            if saved != path:
                saved.rename(path)
            with held_by_one_saver(path) as is_there:
                if is_there and path.is_dir() and not path.is_symlink():
                    if names is not None:
                        replaced = names(fresh)
                        _take_over((entry for entry in path.iterdir() if entry.name not in replaced), fresh)
                    shutil.copymode(path, fresh)
                put_in_place(fresh, path)
    except OSError as err:
        if isinstance(err, BertadaptError):
            raise
        raise SaveError(Errors.E130.format(path=path, reason=err.strerror or err)) from err


def read_saved(path: Path, read: Callable[[Path], Content]) -> Content:
    """Return what a function reads from the last complete save of `path`.

    It is called again if another process replaced the folder meanwhile, so that it never mixes two saves.
    """
    while True:
        folder = saved_folder(path)
        with _held(folder) as before:
            try:
                content = read(folder)
            except Exception:  # a mixture of two saves can be wrong in any way
                if _identity(saved_folder(path)) == before:
                    raise
            else:
                if _identity(folder) == before:
                    return content


def refuse_links(folder: Path, *, out_of: Path) -> None:
    """Raise ValueError for a link in a folder, or in its place, that leads out of another folder around it.

    Links within are followed. Raises ValueError also for what is neither a file nor a folder, as reading may not end.
    """
    root = Path(os.path.realpath(out_of))
    seen: set[Path] = set()
    waiting = [folder]
    while waiting:
        path = waiting.pop()
        real = Path(os.path.realpath(path))
        if not real.is_relative_to(root):
            raise InvalidError(Errors.E133.format(path=path))
        if real.is_dir():
            waiting += [] if real in seen else real.iterdir()
            seen.add(real)
        elif real.exists() and not real.is_file():
            raise InvalidError(Errors.E136.format(path=path))


def write_text_whole(path: Path, text: str) -> None:
    """Write a text to a file beside `path`, in UTF-8, and put it in the place of `path` when it is complete."""
    fresh = path.with_name(f".{path.name}.new")
    try:
        fresh.write_text(text, encoding="utf8")
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


def read_json_object(path: Path) -> dict[str, Any]:
    """Return the JSON object in a file. Raises ValueError that names the file if it can't be read or holds none."""
    try:
        content = srsly.read_json(path)
    except (OSError, ValueError, RecursionError) as err:
        raise InvalidError(Errors.E105.format(path=path, reason=f"can't be read: {err}")) from err
    if not isinstance(content, dict):
        raise InvalidError(Errors.E105.format(path=path, reason="holds no JSON object"))
    return content


def _open_to_others(folder: Path) -> None:
    """Give weights the permissions that other files have: safetensors writes them for their owner alone."""
    weights = list(folder.rglob(WEIGHTS))
    if weights:
        usual = folder / ".usual"
        usual.touch()
        for path in weights:
            shutil.copymode(usual, path)
        usual.unlink()


def _check_replaceable(path: Path) -> None:
    """Raise OSError for a folder that can't be exchanged, before something is written for it."""
    if path.is_symlink() or not path.exists():
        return
    if os.path.ismount(path):
        raise SaveError(Errors.E135.format(path=path, what="a mount point"))
    with suppress(FileNotFoundError):  # the working directory may have been deleted
        here = Path.cwd()
        if any(path.samefile(folder) for folder in (here, *here.parents)):
            raise SaveError(Errors.E135.format(path=path, what="the working directory, or around it"))


def _take_over(entries: Iterable[Path], folder: Path) -> None:
    """Give files and folders a second name in another folder of the file system, or copy them where that can't be.

    What is in that folder already is not taken over.
    """
    for entry in entries:
        if os.path.lexists(folder / entry.name):
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.copytree(entry, folder / entry.name, symlinks=True, copy_function=_link)
        else:
            _link(str(entry), str(folder / entry.name))


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:
        shutil.copy2(source, target, follow_symlinks=False)


@contextmanager
def _held(folder: Path) -> Iterator[tuple[int, int] | None]:
    """Yield what tells a folder from others, and keep it open, so that no new folder gets the same if it is deleted."""
    try:
        opened = os.open(folder, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))
    except OSError:  # there is none; and Windows opens no folders
        yield _identity(folder)
        return
    try:
        status = os.fstat(opened)
        yield status.st_dev, status.st_ino
    finally:
        os.close(opened)


def _identity(path: Path) -> tuple[int, int] | None:
    """Return what tells a folder from another one of the same name; None if there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
