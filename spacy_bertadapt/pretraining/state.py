"""The saved state of a pretraining run, from which it resumes after an interruption."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from ..errors import Errors, InvalidError
from ..files import replaced_folder, saved_folder
from ..network.checkpoint import Checkpoint
from .masked_lm import ARCHITECTURE
from .trainer import Evaluation, MaskedTrainer

CHECKPOINT, MOMENTS, PROGRESS = "checkpoint", "moments.safetensors", "progress.json"


@dataclass(frozen=True, slots=True)
class SavedState:
    """A run as it was after an evaluation.

    checkpoint: network and tokenizer. moments: of the optimizer. settings: all that the result depends on.
    step: steps done. seconds: spent so far. evaluations: all so far.
    """

    checkpoint: Checkpoint
    moments: Mapping[str, Tensor]
    settings: dict[str, Any]
    step: int
    seconds: float
    evaluations: list[Evaluation]


def has_state(folder: Path) -> bool:
    """Return whether a run was interrupted here."""
    return saved_folder(folder).is_dir()


def save_state(
    folder: Path, trainer: MaskedTrainer, settings: Mapping[str, Any], evaluations: list[Evaluation]
) -> None:
    """Write a run's state; a process that is killed during that leaves the earlier state."""
    with replaced_folder(folder) as fresh:
        (fresh / CHECKPOINT).mkdir()
        trainer.model.network.checkpoint.save(fresh / CHECKPOINT)
        save_file(trainer.model.learner.moments(), fresh / MOMENTS)
        done = {"step": trainer.step, "seconds": trainer.seconds, "settings": dict(settings)}
        progress = {**done, "evaluations": [asdict(evaluation) for evaluation in evaluations]}
        (fresh / PROGRESS).write_text(json.dumps(progress), encoding="utf8")  # srsly would round numbers


def load_state(folder: Path) -> SavedState:
    """Read what `save_state` wrote. Raises FileNotFoundError or ValueError that names the file at fault."""
    folder = saved_folder(folder)
    try:
        progress = json.loads((folder / PROGRESS).read_text(encoding="utf8"))
        evaluations = [Evaluation(**evaluation) for evaluation in progress.pop("evaluations")]
    except (OSError, ValueError, TypeError, LookupError) as err:
        raise InvalidError(Errors.E105.format(path=folder / PROGRESS, reason=f"can't be read: {err}")) from err
    checkpoint = Checkpoint.load(folder / CHECKPOINT, ARCHITECTURE)
    try:
        moments = {name: values.clone() for name, values in load_file(folder / MOMENTS).items()}  # not of a mapped file
    except (OSError, SafetensorError) as err:
        raise InvalidError(Errors.E105.format(path=folder / MOMENTS, reason=f"can't be read: {err}")) from err
    return SavedState(checkpoint, moments, evaluations=evaluations, **progress)


def remove_state(folder: Path) -> None:
    """Delete a saved state."""
    for path in {folder, saved_folder(folder)}:
        shutil.rmtree(path, ignore_errors=True)
