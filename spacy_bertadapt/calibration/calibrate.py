"""The calibration of all components of a pipeline that have gold in some data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from spacy.language import Language
from spacy.training import Example

from ..component.base import BertPipe
from ..component.calibration import NOT_CALIBRATED, Calibration
from ..errors import Errors, InvalidError
from ..planning.decisions import Decisions
from ..planning.task import Task
from ..tasks import components_of_tasks
from .measures import expected_calibration_error
from .scaling import fit_scale, loss_under, observe
from .thresholds import Threshold, find_threshold

METHODS = ("temperature", "vector")
USUAL_THRESHOLD = 0.5  # of labels that don't exclude each other


@dataclass(frozen=True, slots=True)
class CalibratedComponent:
    """What was done to a component.

    texts: with gold. calibration: the new one. error, right, loss: expected calibration error, share of the decisions
    that are right, and negative log-likelihood of gold, before and after. thresholds: of labels. made: how many
    decisions there are without these.
    """

    name: str
    texts: int
    calibration: Calibration
    error: tuple[float, float]
    right: tuple[float, float]
    loss: tuple[float, float]
    made: int
    thresholds: Sequence[Threshold] = ()

    @property
    def undecided(self) -> float:
        """The share of texts that is left undecided; of entities, spans and answers, how much fewer there are."""
        return max(0.0, 1 - sum(threshold.decided for threshold in self.thresholds) / max(1, self.made))


def calibrate(
    nlp: Language, examples: Iterable[Example], *, method: str = "temperature", thresholds: str | float | None = None
) -> list[CalibratedComponent]:
    """Calibrate the components of a pipeline in place, on data that it was not trained on.

    method: "temperature": one number a component, which changes no decision; "vector": a scale and a bias for each
    output, which may. thresholds: "f1", or a precision that is wanted of each label; None: none are set.
    Raises ValueError for another method, and for data without gold for any component that has probabilities.
    """
    if method not in METHODS:
        raise InvalidError(Errors.E601.format(method=method, known=", ".join(METHODS)))
    gold = list(examples)
    results = [
        _calibrate_one(nlp, name, pipe, task, annotated, method, thresholds)
        for name, pipe, task in calibrated_components(nlp)
        if (annotated := [example for example in gold if _is_for(pipe, example)])
    ]
    if not results:
        raise InvalidError(Errors.E600.format(components=", ".join(nlp.pipe_names) or "none"))
    return results


def calibrated_components(nlp: Language) -> list[tuple[str, BertPipe, Task]]:
    """Return the components of a pipeline that have probabilities, with their tasks."""
    return [found for found in components_of_tasks(nlp) if found[2].decisions is not None]


def decisions_of(
    nlp: Language, name: str, pipe: Any, task: Task, examples: Sequence[Example], *, every: bool = False
) -> Decisions:
    """Return the decisions of a component on examples, predicted anew by all components up to it.

    every: those too that its thresholds leave out.
    """
    assert task.decisions is not None
    later = nlp.pipe_names[nlp.pipe_names.index(name) + 1 :]
    with pipe.deciding(every=every):
        docs = nlp.pipe((example.predicted.copy() for example in examples), disable=later)
        predicted = (Example(doc, example.reference) for doc, example in zip(docs, examples, strict=True))
        return task.decisions(pipe, predicted)


def _is_for(pipe: Any, example: Example) -> bool:
    reads_others = getattr(pipe, "leaves_to_others", lambda doc: False)
    return pipe.is_annotated(example) and not reads_others(example.reference)


def _calibrate_one(
    nlp: Language,
    name: str,
    pipe: BertPipe,
    task: Task,
    examples: Sequence[Example],
    method: str,
    thresholds: str | float | None,
) -> CalibratedComponent:
    """Calibrate a component, and measure it before and after."""
    pipe.calibration = NOT_CALIBRATED
    before = decisions_of(nlp, name, pipe, task, examples)
    earlier = list(takewhile(lambda other: other is not pipe, (other for _, other in nlp.pipeline)))
    observations = list(observe(pipe, examples, earlier))
    is_vector = method == "vector" and pipe.has_labels
    scale = fit_scale(pipe, observations, is_vector=is_vector)
    pipe.calibration = scale
    after = decisions_of(nlp, name, pipe, task, examples)
    found: list[Threshold] = []
    if thresholds is not None:
        precision = None if isinstance(thresholds, str) else thresholds
        possible = decisions_of(nlp, name, pipe, task, examples, every=True)
        found = [find_threshold(possible, label, precision=precision) for label in pipe.decided_labels]
        pipe.take_thresholds({threshold.label: threshold.value for threshold in found})
    measured = (before, after)
    errors = tuple(expected_calibration_error(part.confidence, part.is_right) for part in measured)
    right = tuple(sum(part.is_right) / max(1, len(part)) for part in measured)
    losses = (loss_under(pipe, observations), loss_under(pipe, observations, scale))
    return CalibratedComponent(
        name,
        len(examples),
        pipe.calibration,
        (errors[0], errors[1]),
        (right[0], right[1]),
        losses,
        _count_made(pipe, after),
        found,
    )


def _count_made(pipe: Any, decisions: Decisions) -> int:
    """Return how many decisions are for a label: of labels that don't exclude each other, those from 0.5 on."""
    least = 0.0 if decisions.best else pipe.cfg.get("threshold", 0.0)
    least = USUAL_THRESHOLD if least is None else least
    return sum(confidence >= least for confidence in decisions.confidence)
