"""A component's network as a checkpoint of its own, with a model card."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

import srsly
from spacy.language import Language

from ..errors import Errors, ExistsError, InvalidError, Warnings
from ..files import pipeline_names, replaced_folder
from ..learning.saving import save_whole
from ..network.checkpoint_facts import CARD, COMPONENT
from ..network.output_layer import output_layer, scaled_outputs, takes
from ..planning.task import Task
from .component_file import component_content
from .model_card import model_card

if TYPE_CHECKING:
    from ..component.base import BertPipe
    from ..network.checkpoint import Checkpoint

FILES = (
    "config.json",
    "model*.safetensors",
    "model.safetensors.index.json",
    "head.safetensors",
    "pytorch_model*.bin",
    "pytorch_model.bin.index.json",
    "adapter_config.json",
    "adapter_model.*",
    "tokenizer.json",
    "tokenizer.model",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "vocab.txt",
    "merges.txt",
    "spiece.model",
    "sentencepiece.model",
    "sentencepiece.bpe.model",
    CARD,
    COMPONENT,
)
"""Patterns of the names of a checkpoint's files."""


def export_component(nlp: Language, name: str, task: Task, folder: Path, *, force: bool = False) -> None:
    """Write the network of a component into a folder that Transformers and `import_checkpoint` read.

    LoRA's matrices are merged into the weights, and a calibration into the last layer, so that probabilities are the
    same. The folder is written aside and put in its place when it is complete. A head gets a copy of the encoder that
    it shares. Warns of what the checkpoint has no place for.
    force: whether the files of a checkpoint in a folder that is not empty are replaced; all else in it stays.
    Raises FileExistsError for a folder that is not empty, or that holds a pipeline, OSError if it can't be written, and
    ValueError for a head on vectors of other components.
    """
    pipe: BertPipe = nlp.get_pipe(name)  # type: ignore[assignment]
    content = component_content(task, nlp.get_pipe_config(name))
    with _whole(folder.absolute(), force=force) as fresh:
        checkpoint = pipe.shim.whole_checkpoint()
        with _calibrated(pipe, checkpoint):
            save_whole(checkpoint, fresh)
        srsly.write_json(fresh / COMPONENT, content)
        (fresh / CARD).write_text(model_card(nlp, name, task, folder.absolute().name), encoding="utf8")


def find_component(nlp: Language, name: str | None, tasks: Iterable[Task]) -> tuple[str, Task]:
    """Return the name of the component to export, and its task: the one of the name, or the only one there is.

    Raises ValueError if there is no such component, or there are several.
    """
    exchanged = {task.factory: task for task in tasks if task.exchange is not None}
    factories = {component: nlp.get_pipe_meta(component).factory for component in nlp.component_names}
    possible = {component: exchanged[factory] for component, factory in factories.items() if factory in exchanged}
    if not possible:
        components = ", ".join(nlp.component_names) or "none"
        raise InvalidError(Errors.E563.format(components=components, factories=", ".join(exchanged)))
    if name is None and len(possible) > 1:
        raise InvalidError(Errors.E555.format(components=", ".join(possible)))
    chosen = next(iter(possible)) if name is None else name
    if chosen not in possible:
        raise InvalidError(Errors.E556.format(name=chosen, components=", ".join(possible)))
    return chosen, possible[chosen]


@contextmanager
def _calibrated(pipe: BertPipe, checkpoint: Checkpoint) -> Iterator[None]:
    """Have the last layer of a checkpoint scale the logits in the block, as the component does.

    Warns of a layer that can't, and of thresholds of labels.
    """
    calibration, layer = pipe.calibration, output_layer(checkpoint.module)
    if calibration.thresholds:
        warnings.warn(Warnings.W602.format(name=pipe.name, thresholds=dict(calibration.thresholds)), stacklevel=5)
    if not calibration.is_scaled:
        yield
    elif layer is None or not takes(layer, calibration.bias):
        scales = {"scale": list(calibration.scale), "bias": list(calibration.bias)}
        warnings.warn(Warnings.W601.format(name=pipe.name, **scales), stacklevel=5)
        yield
    else:
        with scaled_outputs(layer, calibration.scale, calibration.bias):
            yield


def _whole(folder: Path, *, force: bool) -> AbstractContextManager[Path]:
    """Return a context in which a folder is written aside. Raises FileExistsError for one that must not be replaced."""
    if pipeline_names(folder):
        raise ExistsError(Errors.E559.format(path=folder))
    if folder.is_dir() and any(folder.iterdir()) and not force:
        raise ExistsError(Errors.E557.format(path=folder))
    return replaced_folder(folder, names=lambda _: {entry.name for entry in folder.iterdir() if _is_replaced(entry)})


def _is_replaced(entry: Path) -> bool:
    """Return whether an entry of an earlier checkpoint's folder is one of its files, and not its user's."""
    return not entry.is_dir() and any(fnmatchcase(entry.name, pattern) for pattern in FILES)
