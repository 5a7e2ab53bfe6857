"""What the report on a component is made of, whatever it predicts."""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np

from ...calibration.measures import reliability
from ...planning.report_rows import Doubles, Rows
from ...types import Bools
from ..browser_rows import BrowserRows
from ..charts.lines import Curve, line_chart, plane
from ..charts.points import reliability_chart
from ..markup import Block, figure, share
from ..measures import Measure
from ..thresholds import coverage_curve

R = TypeVar("R", bound=Rows)


class KindReport(ABC, Generic[R]):
    """The report on rows of one kind.

    rows_class: the kind. quality_title: what `quality` measures.
    """

    rows_class: ClassVar[type[Rows]]
    quality_title: ClassVar[str] = "accuracy"

    def __init__(self, rows: R, *, unit: str = "texts"):
        """Take the rows. unit: what they are, in the plural."""
        self.rows, self.unit = rows, unit

    @property
    @abstractmethod
    def measure(self) -> Measure:
        """The scores, of which intervals are made."""

    @property
    @abstractmethod
    def correct(self) -> Bools:
        """Whether each row is right altogether, (rows,)."""

    @cached_property
    def quality(self) -> Doubles:
        """How right each row is, (rows,), from 0 to 1."""
        return self.correct.astype(np.float64)

    @property
    @abstractmethod
    def confidence(self) -> Doubles:
        """The probability of what is predicted, (rows,); NaN where there is none."""

    @abstractmethod
    def blocks(self) -> list[Block]:
        """Return the charts and tables of the kind."""

    @abstractmethod
    def browser_rows(self) -> BrowserRows:
        """Return the rows of the error browser."""

    def weakness(self) -> str:
        """Return what goes wrong most often, as a part of a sentence; "" if nothing is to be said."""
        return ""

    def calibration_block(self, confidence: Doubles, correct: Bools, *, of_what: str) -> Block:
        """Return the diagram of predictions by their confidence, (predictions,) both. of_what: of which they are."""
        calibration = reliability(confidence, correct)
        known = confidence[~np.isnan(confidence)]
        mean, right = float(np.mean(known)), float(np.mean(correct[~np.isnan(confidence)]))
        lean = "too sure of itself" if mean > right else "too careful"
        note = (
            f"ECE {figure(calibration.error)} over {len(known):,} {of_what}: the mean confidence is {figure(mean)}, "
            f"and {share(right)} are right, so it is on the whole {lean}. On the dashed line, both would be equal."
        )
        chart = reliability_chart("Calibration", calibration, what="share that is right", description=note)
        return Block("Calibration", chart, note)

    def coverage_block(self) -> Block:
        """Return the curve of the quality of the most confident rows against their share."""
        covered, quality = coverage_curve(self.confidence, self.quality)
        curves = [Curve(self.quality_title, covered, quality)]
        axes = plane(curves, x_title=f"share of the {self.unit}, most confident first", y_title=self.quality_title)
        half = int(np.searchsorted(covered, 0.5))
        note = (
            f"If only the more confident half is taken, {self.quality_title} is {figure(float(quality[half]))}, and "
            f"of all {self.unit} {figure(float(quality[-1]))}."
        )
        return Block("Coverage", line_chart("Coverage", curves, axes=axes, description=note), note)


def rounded(values: Doubles, digits: int = 4) -> list[Any]:
    """Return numbers as JSON has them, None for NaN."""
    return [None if np.isnan(value) else round(value, digits) for value in values.tolist()]
