"""What commands know of a task whose gold is numbers: a regression."""

from __future__ import annotations

from dataclasses import replace

from spacy.tokens import Doc

from ...planning.choices import Choice, choose_max_length
from ...planning.data_summary import DataSurvey
from ...planning.task import ConfigPlan, Score, Task
from .defaults import CATS, number_weights
from .number_report import NumberReport

SQUARED_ERROR = {"@losses": "spacy-bertadapt.MeanSquaredError.v1"}
NOTE_ON_LOSS = "of numbers; null, or a cross-entropy, learns labels"


def with_numbers(task: Task, *, prefix: str = CATS) -> Task:
    """Return a task of categories that can be learned from numbers too. prefix: of the names of these scores."""
    numbers = replace(
        task,
        gold=gold_numbers,
        score=Score(f"{prefix}score", "Pearson and Spearman", in_spacy="cats_score"),
        prediction=predicted_numbers,
        plan=ConfigPlan(choose=choose, notes={**task.config_plan.notes, "component.loss": NOTE_ON_LOSS}),
        make_report=lambda window: NumberReport(),
        weights=number_weights(prefix),
        decisions=None,
    )
    return replace(task, numbers=numbers)


def gold_numbers(doc: Doc) -> dict[str, bool] | None:
    """Return the labels that have a number, each as one that holds; None for a Doc without any."""
    return dict.fromkeys(doc.cats, True) or None


def predicted_numbers(doc: Doc) -> tuple[str, str]:
    """Return the labels, and their numbers."""
    return ", ".join(doc.cats), ", ".join(f"{number:.2f}" for number in doc.cats.values())


def choose(data: DataSurvey) -> list[Choice]:
    """Decide on the settings that depend on the data."""
    loss = Choice("component.loss", SQUARED_ERROR, "the gold is numbers, and the outputs are these numbers")
    return [loss, choose_max_length(data)]
