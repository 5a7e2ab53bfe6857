"""What commands know of a task whose gold is numbers: a regression."""

from __future__ import annotations

from dataclasses import replace

from spacy.tokens import Doc

from ...component.defaults import Weights
from ...planning.choices import Choice, choose_max_length
from ...planning.data_summary import DataSurvey
from ...planning.task import ConfigPlan, Score, Task
from .number_report import NumberReport

SQUARED_ERROR = {"@losses": "spacy-bertadapt.MeanSquaredError.v1"}
NOTE_ON_LOSS = "of numbers; null, or a cross-entropy, learns labels"

WEIGHTS: Weights = {
    "cats_score": 1.0,
    "cats_pearson": 0.0,
    "cats_spearman": 0.0,
    "cats_mse": None,
    "cats_rmse": None,
    "cats_numbers_per_type": None,
}
"""Weights of scores: the table of `spacy train` shows those with 0.0 too. It multiplies by 100, so it has no errors."""


def with_numbers(task: Task) -> Task:
    """Return a task of categories that can be learned from numbers too."""
    numbers = replace(
        task,
        gold=gold_numbers,
        score=Score("cats_score", "Pearson and Spearman", in_spacy="cats_score"),
        prediction=predicted_numbers,
        plan=ConfigPlan(choose=choose, notes={**task.config_plan.notes, "component.loss": NOTE_ON_LOSS}),
        make_report=lambda window: NumberReport(),
        weights=WEIGHTS,
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
