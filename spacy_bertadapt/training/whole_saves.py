"""Saves of `spacy train` that are complete or not made at all."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from copy import copy
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from spacy.language import Language
from spacy.training import loop

from ..files import copy_pipeline, save_pipeline


def whole_saves() -> Callable[[Language], Language]:
    """Make a callback for `[training.before_to_disk]`: model-best and model-last are always a complete pipeline.

    Those of an earlier run in the same folder stay until this run has something to put in their place; what else is
    in these folders stays. Registered as spacy-bertadapt.WholeSaves.v1. While a pipeline is saved, the disk needs room
    for two of it.
    """
    _let_the_loop_replace_whole()
    return saved_whole


def saved_whole(nlp: Language) -> Language:
    """Return a pipeline of the same components, whose `to_disk` is `save_pipeline`."""
    twin = copy(nlp)
    twin.to_disk = partial(save_pipeline, nlp)  # type: ignore[method-assign]
    return twin


def saves_whole(nlp: Language) -> bool:
    """Return whether a pipeline is one that `saved_whole` returned."""
    return isinstance(vars(nlp).get("to_disk"), partial)


def _let_the_loop_replace_whole() -> None:
    """Let spaCy's training loop copy model-last to model-best whole, where the callback is this one.

    The loop deletes both folders when it begins, and model-best before it copies it file by file, and has no setting
    for that; so what it calls `shutil` becomes these two functions, in that module alone.
    """
    loop.shutil = SimpleNamespace(rmtree=_rmtree, copytree=_copytree)  # type: ignore[assignment]


def _rmtree(path: str | Path) -> None:
    """Delete nothing in a training that saves whole: the save or the copy that follows takes the folder's place."""
    if not _is_whole_training():
        shutil.rmtree(path)


def _copytree(source: Path, target: Path) -> Any:
    """Copy a pipeline, but no other file or folder in the place of one that the target has already."""
    if not _is_whole_training():
        return shutil.copytree(source, target)
    copy_pipeline(Path(source), Path(target))
    return target


def _is_whole_training() -> bool:
    """Return whether the training that is calling has the callback; others go on as without this package."""
    frame = sys._getframe()
    while frame is not None and frame.f_code is not loop.train.__code__:
        frame = frame.f_back  # type: ignore[assignment]
    return frame is not None and frame.f_locals.get("T", {}).get("before_to_disk") is saved_whole
