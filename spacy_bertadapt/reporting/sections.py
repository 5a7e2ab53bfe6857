"""The sections of a report: one a component, the training, and length and speed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .browser_rows import Predicted, as_columns, as_json
from .charts.axes import tick
from .comparison import comparison_sentence, difference_block, with_labels_of
from .intervals import Interval, intervals
from .kinds import report_on
from .kinds.base import KindReport
from .lengths import length_block
from .markup import Block, counted, figure, table
from .page import Card, Section
from .runs import ComponentRows, Run
from .training_log import TrainingLog, training_blocks, training_note


class ComponentSection:
    """The section on a component, and what the summary says of it."""

    def __init__(self, component: ComponentRows, run: Run, *, partner: ComponentRows | None, names: Sequence[str]):
        """Take the rows. run: of the pipeline. partner: the component that it is compared with; None: with none.

        names: of the pipelines, one or two.
        """
        self.component, self._run, self._names = component, run, tuple(names)
        self._report = report_on(component.rows, unit=component.things)
        self._other = None if partner is None else report_on(partner.rows, unit=component.things)
        self._scores = intervals(self._report.measure)

    def summary(self) -> list[str]:
        """Return sentences for the top of the page."""
        report = self._report
        main = self._scores[report.rows.main]
        weakness = report.weakness()
        said = f"{counted(len(report.rows), report.unit)}, {report.rows.main} {figure(main.value)}{_margin(main)}"
        sentences = [f"{self.component.title}: {said}; {weakness}." if weakness else f"{self.component.title}: {said}."]
        if self._other is not None:
            sentences.append(comparison_sentence(report, self._other, self._both_names))
        return sentences

    def section(self, *, most_rows: int) -> Section:
        """Return the section. most_rows: how many rows the error browser gets; the worst are kept."""
        report = self._report
        lengths = length_block(report, self._run.lengths[report.rows.examples])
        compared = [] if self._other is None else [difference_block(report, self._other, self._both_names)]
        return Section(
            id=_anchor(self.component.name),
            title=f"{self.component.title} ({self.component.name})",
            note=f"Scores of {counted(len(report.rows), report.unit)} with gold, with 95 % intervals.",
            cards=[_card(title, interval) for title, interval in self._scores.items()],
            blocks=[*compared, *report.blocks(), *([] if lengths is None else [lengths])],
            rows=as_json(self._columns(most_rows)),
            rows_note=_rows_note(len(report.rows), most_rows),
        )

    @property
    def _both_names(self) -> tuple[str, str]:
        return self._names[0], self._names[1]

    def _columns(self, most_rows: int) -> dict[str, Any]:
        report, other = self._report, self._other
        rows, second = _browser_rows(report, other)
        return as_columns(
            rows,
            texts=report.rows.texts,
            parts=report.rows.parts,
            names=self._names,
            other=second,
            most=most_rows,
        )


def training_section(log: TrainingLog) -> Section:
    """Return the section on the training."""
    return Section(id="training", title="Training", note=training_note(log), blocks=training_blocks(log))


def speed_section(runs: list[Run], blocks: Sequence[Block]) -> Section:
    """Return the section on length and speed, with all scores as `evaluate` gives them."""
    rows = [(name, *(_score(run.scores.get(name)) for run in runs)) for name in single_scores(runs[0].scores)]
    shown = table(("score", *(run.name for run in runs)), rows, caption="All scores", class_="numbers")
    note = "As nlp.evaluate and bertadapt evaluate give them, by the names that configs know."
    return Section(id="length-and-speed", title="Length and speed", blocks=[*blocks, Block("All scores", shown, note)])


def single_scores(scores: Mapping[str, Any]) -> list[str]:
    """Return the names of the scores that are a single number."""
    return [name for name, value in scores.items() if isinstance(value, int | float | np.number)]


def _browser_rows(report: KindReport, other: KindReport | None) -> tuple[Any, Predicted | None]:
    rows = report.browser_rows()
    return (rows, None) if other is None else with_labels_of(rows, other.browser_rows())


def _card(title: str, interval: Interval) -> Card:
    limits = f"{figure(interval.low)} to {figure(interval.high)}"
    return Card(title, figure(interval.value), "" if np.isnan(interval.value) else limits)


def _margin(interval: Interval) -> str:
    half = (interval.high - interval.low) / 2
    return "" if np.isnan(half) else f" ± {figure(half)}"


def _rows_note(count: int, most: int) -> str:
    if count <= most:
        return "All texts, those first that are the furthest from their gold."
    return f"The {most:,} texts that are the furthest from their gold, of {count:,}."


def _anchor(name: str) -> str:
    """Return a name that can be an anchor in an address."""
    return "".join(sign if sign.isalnum() or sign in "-_" else "-" for sign in name)


def _score(value: Any) -> str:
    return "–" if value is None else tick(float(value))
