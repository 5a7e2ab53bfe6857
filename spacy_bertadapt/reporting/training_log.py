"""The curves of a training, from the log that it left beside its pipelines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import srsly

from ..errors import Errors, InvalidError, NotFoundError
from ..planning.report_rows import Doubles
from .charts.lines import Curve, line_chart, plane
from .markup import Block, figure

FILE = "log.jsonl"
RATE, SPEED = "learn_rate", "texts_per_second"


@dataclass(frozen=True, slots=True)
class TrainingLog:
    """The evaluations of a training, in their order, each as spacy-bertadapt.RecordLogger.v1 writes it."""

    rows: Sequence[Mapping[str, Any]]

    @property
    def steps(self) -> Doubles:
        """(evaluations,) the step of each."""
        return np.array([row["step"] for row in self.rows], dtype=np.float64)

    def values(self, read: Any) -> Doubles:
        """Return a number of each evaluation, NaN where there is none. read: returns it, or None."""
        return np.array([np.nan if (value := read(row)) is None else value for row in self.rows], dtype=np.float64)


def find_log(pipeline: Path | None) -> Path | None:
    """Return the log beside a pipeline's folder, where `train` writes it; None if there is none."""
    path = None if pipeline is None else pipeline.absolute().parent / FILE
    return path if path is not None and path.is_file() else None


def read_log(path: Path) -> TrainingLog:
    """Return the evaluations in a log. Raises FileNotFoundError, or ValueError for what is no such log."""
    if not path.is_file():
        raise NotFoundError(Errors.E642.format(path=path))
    try:
        rows = [row for row in srsly.read_jsonl(path) if {"step", "score", "losses", "scores"} <= set(row)]
        log = TrainingLog(rows)
        bool(np.isfinite(log.steps).all())
    except (ValueError, TypeError) as err:
        raise InvalidError(Errors.E643.format(path=path, reason=err)) from err
    if not rows:
        raise InvalidError(Errors.E643.format(path=path, reason="no line has step, score, scores and losses"))
    return log


def training_blocks(log: TrainingLog) -> list[Block]:
    """Return the curves of score, loss and learning rate over the steps."""
    blocks = [_score_block(log), *([_loss_block(log)] if log.rows[0]["losses"] else [])]
    rate = log.values(lambda row: row["scores"].get(RATE))
    if not np.isnan(rate).all():
        curves = [Curve("learning rate", log.steps, rate)]
        axes = plane(curves, x_title="step", y_title="learning rate")
        note = f"The highest at an evaluation is {np.nanmax(rate):.2g}."
        blocks.append(Block("Learning rate", line_chart("Learning rate", curves, axes=axes, description=note), note))
    return blocks


def training_note(log: TrainingLog) -> str:
    """Return how long the training was, in a sentence."""
    last = log.rows[-1]
    seconds = last.get("seconds")
    took = "" if seconds is None else f" in {_duration(float(seconds))}"
    return f"{len(log.rows):,} evaluations over {int(last['step']):,} steps{took}."


def _score_block(log: TrainingLog) -> Block:
    curves = [Curve("score", log.steps, log.values(lambda row: row["score"]))]
    best = int(np.nanargmax(curves[0].y))
    step, score = float(log.steps[best]), float(curves[0].y[best])
    note = f"The best score is {figure(score, 4)}, after step {step:,.0f}."
    axes = plane(curves, x_title="step", y_title="score")
    marked = (step, score, figure(score))
    drawn = line_chart("Score", curves, axes=axes, description=note, marked=marked, has_points=True)
    return Block("Score in training", drawn, note)


def _loss_block(log: TrainingLog) -> Block:
    """Return the mean loss of a step since the evaluation before; a log has sums."""
    steps = np.diff(log.steps, prepend=-1.0)
    names = list(dict.fromkeys(name for row in log.rows for name in row["losses"]))
    sums = {name: log.values(lambda row, name=name: row["losses"].get(name)) for name in names}
    curves = [Curve(name, log.steps, values / steps) for name, values in sums.items()]
    axes = plane(curves, x_title="step", y_title="loss")
    note = "The mean of a step since the evaluation before."
    return Block("Loss", line_chart("Loss", curves, axes=axes, description=note, has_points=True), note)


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
