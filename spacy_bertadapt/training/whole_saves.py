"""Saves of `spacy train` that are complete or not made at all."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from copy import copy
from functools import partial
from pathlib import Path
from types import SimpleNamespace

from spacy.language import Language
from spacy.training import loop

from ..files import replaced_folder, save_pipeline


def whole_saves() -> Callable[[Language], Language]:
    """Make a callback for `[training.before_to_disk]`: model-best and model-last are always a complete pipeline.

    Those of an earlier run in the same folder stay until this run has something to put in their place. Registered as
    spacy-bertadapt.WholeSaves.v1. While a pipeline is saved, the disk needs room for two of it.
    """
    _replace_folders_whole()
    return saved_whole


def saved_whole(nlp: Language) -> Language:
    """Return a pipeline of the same components, whose `to_disk` is `save_pipeline`."""
    twin = copy(nlp)
    twin.to_disk = partial(save_pipeline, nlp)  # type: ignore[method-assign]
    return twin


def _replace_folders_whole() -> None:
    """Let spaCy's training loop copy model-last to model-best whole.

    The loop deletes both folders when it begins, and model-best before it copies it file by file, and has no setting
    for that; so what it calls `shutil` becomes these two functions, in that module alone, while this process lives.
    """
    loop.shutil = SimpleNamespace(rmtree=_keep_until_replaced, copytree=_copy_whole)  # type: ignore[assignment]


def _keep_until_replaced(path: str | Path) -> None:
    """Delete nothing: the save or the copy that follows takes the folder's place."""


def _copy_whole(source: Path, target: Path) -> None:
    with replaced_folder(Path(target).resolve()) as folder:
        shutil.copytree(source, folder, dirs_exist_ok=True)
