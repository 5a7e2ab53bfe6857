"""The saved state of a training, from which it resumes after an interruption."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from spacy.language import Language
from spacy.training.loop import DIR_MODEL_BEST, DIR_MODEL_LAST
from thinc.api import Config, Optimizer

from ..errors import Errors, ExistsError, InvalidError, NotFoundError
from ..files import replaced_folder
from ..folder_swap import remove_leftovers, saved_folder
from ..learning.processes import ALONE, FIRST, Processes
from .batches import Place
from .learned_files import load_learned, save_features, save_learned
from .random_states import RandomStates

STATES, PROGRESS, CONFIG, LEARNED = "training-state", "progress.json", "config.cfg", "learned"
FINISHED = "finished.cfg"  # the config of a training that came to its end
STRINGS, PERFORMANCE = "strings.json", "performance"
FOLDER = re.compile(r"step-(\d+)")


@dataclass(kw_only=True, slots=True)
class Progress:
    """How far a training has come.

    step: the number of the next step. results: main score and step of each evaluation. losses: by component, since the
    last evaluation. texts, words: seen so far. seconds: spent so far.
    """

    step: int = 0
    results: list[tuple[float, int]] = field(default_factory=list)
    losses: dict[str, Any] = field(default_factory=dict)
    texts: int = 0
    words: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Position:
    """Where a process is in the data. states: of all its random numbers, before its next batch is fetched."""

    place: Place
    states: RandomStates

    def as_json(self) -> dict[str, Any]:
        """Return the position as JSON can hold it."""
        return {"place": self.place.as_json(), "states": self.states.as_json()}

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Position:
        """Return what `as_json` wrote."""
        return cls(place=Place.from_json(content["place"]), states=RandomStates.from_json(content["states"]))


@dataclass(frozen=True, kw_only=True, slots=True)
class RunState:
    """A training between two steps.

    config: as it was given, with its overrides. positions: of each process. performance: what meta.json says of the
    last evaluation. strings: of the vocabulary, to which texts that were evaluated have added theirs.
    """

    folder: Path
    config: Config
    progress: Progress
    positions: Sequence[Position]
    performance: dict[str, Any]
    strings: Sequence[str]

    def restore(self, nlp: Language, optimizer: Optimizer, frozen: Collection[str], rank: int = FIRST) -> None:
        """Give a pipeline that was initialized from the same config what it had learned. rank: of this process.

        Raises ValueError that names a file that can't be used.
        """
        load_learned(self.folder / LEARNED, nlp, optimizer, frozen, rank)
        nlp.meta[PERFORMANCE] = self.performance
        for string in self.strings:
            nlp.vocab.strings.add(string)
        for _ in range(self.progress.step):
            optimizer.step_schedules()


def save_state(
    output: Path,
    nlp: Language,
    optimizer: Optimizer,
    *,
    config: Config,
    progress: Progress,
    place: Place,
    frozen: Collection[str],
    keep: int,
    processes: Processes = ALONE,
) -> None:
    """Write the state of a training; a process that is killed during that leaves the earlier ones.

    All processes call it; the first one writes, and learns from the others where they are.
    keep: how many states are left, the last ones. Raises OSError if the folder can't be written.
    """
    position = json.dumps(Position(place=place, states=RandomStates.now()).as_json())
    positions = [json.loads(told) for told in processes.gather(position.encode())]
    if not processes.is_first:
        save_features(None, nlp, frozen, processes)
        return
    with replaced_folder(output / STATES / f"step-{progress.step:06}") as fresh:
        (fresh / LEARNED).mkdir()
        save_learned(fresh / LEARNED, nlp, optimizer, frozen)
        save_features(fresh / LEARNED, nlp, frozen, processes)
        config.to_disk(fresh / CONFIG)
        losses = {name: float(loss) for name, loss in progress.losses.items()}
        nlp.vocab.strings.to_disk(fresh / STRINGS)
        content = {"progress": {**asdict(progress), "losses": losses}, "positions": positions}
        content |= {PERFORMANCE: nlp.meta.get(PERFORMANCE, {})}
        text = json.dumps(content, default=float)  # scores may be numbers of NumPy's
        (fresh / PROGRESS).write_text(text, encoding="utf8")
    for folder in _complete(output)[:-keep]:
        shutil.rmtree(folder)


def load_state(output: Path) -> RunState:
    """Read the last state of a training. Raises FileNotFoundError if there is none, ValueError for a damaged one."""
    folders = _complete(output)
    if not folders:
        raise NotFoundError(Errors.E571.format(path=output))
    folder = folders[-1]
    try:
        content = json.loads((folder / PROGRESS).read_text(encoding="utf8"))
        progress = Progress(**content["progress"])
        progress.results = [(float(score), int(step)) for score, step in progress.results]
        return RunState(
            folder=folder,
            config=Config().from_disk(folder / CONFIG, interpolate=False),
            progress=progress,
            positions=[Position.from_json(position) for position in content["positions"]],
            performance=dict(content[PERFORMANCE]),
            strings=[str(string) for string in json.loads((folder / STRINGS).read_text(encoding="utf8"))],
        )
    except (OSError, ValueError, TypeError, LookupError) as err:
        raise InvalidError(Errors.E105.format(path=folder, reason=f"can't be read: {err}")) from err


def has_state(output: Path) -> bool:
    """Return whether a training left a state here."""
    return bool(_complete(output))


def mark_begun(output: Path) -> None:
    """Delete the states of earlier trainings, and leave word that one has begun. Raises OSError if that fails."""
    with replaced_folder(output / STATES):
        pass


def mark_finished(output: Path, config: Config) -> None:
    """Delete the states of a training that has come to its end, and leave its config. Raises OSError if that fails."""
    with replaced_folder(output / STATES) as fresh:
        config.to_disk(fresh / FINISHED)


def finished_config(output: Path) -> Config | None:
    """Return the config of a training that came to its end here, as it was given; None if none did.

    Its states are deleted, if it was killed as it did that.
    """
    path = saved_folder(output / STATES) / FINISHED
    if not path.is_file():
        return None
    remove_leftovers(output / STATES)
    return Config().from_disk(path, interpolate=False)


def check_may_begin(output: Path) -> None:
    """Raise FileExistsError if pipelines are here that are not of a training of ours."""
    pipelines = [name for name in (DIR_MODEL_BEST, DIR_MODEL_LAST) if saved_folder(output / name).exists()]
    if pipelines and not saved_folder(output / STATES).is_dir():
        raise ExistsError(Errors.E567.format(path=output, pipelines=" and ".join(pipelines)))


def _complete(output: Path) -> list[Path]:
    """Return the folders of whole states by their steps; one whose writing was interrupted has another name."""
    states = saved_folder(output / STATES)
    steps = {}
    for folder in states.iterdir() if states.is_dir() else ():
        if (match := FOLDER.fullmatch(folder.name)) and saved_folder(folder).is_dir():
            steps[int(match[1])] = folder
    return [steps[step] for step in sorted(steps)]
