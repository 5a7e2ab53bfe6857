"""spaCy's training table, with a file that records every evaluation and its time."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import srsly
from spacy.language import Language
from spacy.training.loggers import console_logger_v3

from ..files import write_text_whole

Log = Callable[[dict[str, Any] | None], None]
Setup = Callable[..., tuple[Log, Callable[[], None]]]
"""Returns a function for every step, which gets None if nothing was evaluated, and one for the end."""

FILE = "log.jsonl"


def record_logger(output_file: str | None = None, progress_bar: str | None = "eval") -> Setup:
    """Return a logger that prints spaCy's table and writes a JSONL file with one line for every evaluation.

    output_file: path of the file, which every run replaces, and a resumed one goes on with; None: log.jsonl in the
    output folder of `spacy train`, or no file if it has none. A line has step, epoch, seconds since the start, words,
    score, scores and losses.
    progress_bar: "eval", "train" or None, as for spaCy's ConsoleLogger.v3.
    """
    setup_console = console_logger_v3(progress_bar=progress_bar)

    def setup(nlp: Language, stdout: IO = sys.stdout, stderr: IO = sys.stderr) -> tuple[Log, Callable[[], None]]:
        log_to_console, finish_console = setup_console(nlp, stdout, stderr)
        path = Path(output_file) if output_file else None
        has_begun = False
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.open("a").close()  # a path that can't be written is an error before the first step

        def log(info: dict[str, Any] | None) -> None:
            nonlocal path, has_begun
            log_to_console(info)
            if info is None:
                return
            if path is None and "output_path" in info:
                path = Path(info["output_path"]).parent / FILE
            if path is not None:
                if not has_begun:
                    _begin(path, info["step"])
                    has_begun = True
                with path.open("a", encoding="utf8") as stream:
                    stream.write(srsly.json_dumps(_record(info)) + "\n")

        return log, finish_console

    return setup


def _begin(path: Path, step: int) -> None:
    """Leave of an earlier file what was before a step: nothing, unless a run is resumed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = path.read_text(encoding="utf8").splitlines(keepends=True) if step and path.is_file() else []
    write_text_whole(path, "".join(line for line in lines if _step_of(line) < step))


def _step_of(line: str) -> float:
    """Return the step of a record; infinity for what is none, such as a line that a full disk has cut."""
    with suppress(ValueError, TypeError, LookupError):
        return float(srsly.json_loads(line)["step"])
    return math.inf


def _record(info: dict[str, Any]) -> dict[str, Any]:
    losses = {name: float(loss) for name, loss in info["losses"].items()}
    keys = ("step", "epoch", "seconds", "words", "score")
    return {**{key: info[key] for key in keys}, "scores": info["other_scores"], "losses": losses}
