"""The report on texts of which any number of labels hold."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ...planning.report_rows import Doubles, SeveralLabelRows
from ...types import Bools, Ints
from ..browser_rows import BrowserRows, Predicted
from ..charts.bars import Bar, bar_chart
from ..markup import Block
from ..measures import Scores, Sums, divide, prf_scores
from ..thresholds import threshold_curve
from .base import KindReport, rounded
from .label_scores import by_label, label_table
from .threshold_blocks import label_threshold_block, threshold_chart

ERRORS = ("missed a label", "a label too many")


@dataclass(frozen=True)
class RankedLabels:
    """The macro AUC and the scores of counts; every text is a unit, as an AUC does not follow from sums.

    rows: the texts, of which `kept`, (units,), count. sums: hits, predictions and gold by label, of the same texts.
    """

    rows: SeveralLabelRows
    kept: Ints
    sums: Sums

    @property
    def units(self) -> Ints:
        """Each row is one."""
        return np.arange(len(self.kept))

    def of(self, rows: Bools) -> RankedLabels:
        """Return the measure of some of the rows."""
        return RankedLabels(self.rows, self.kept[rows], self.sums.of(rows))

    def __call__(self, weights: Doubles) -> Scores:
        """Return the scores of weighted texts; as in spaCy, a label without both kinds of gold has an AUC of 0."""
        by_label = [self._auc(weights, label) for label in range(len(self.rows.labels))]
        return {"macro AUC": np.mean(by_label, axis=0), **self.sums.score(weights @ self.sums.table[self.sums.units])}

    def _auc(self, weights: Doubles, label: int) -> Doubles:
        """Return how probable it is that the label has a higher value where it holds, equal ones counted half."""
        has_gold = self.rows.has_gold[self.kept, label]
        values = self.rows.values[self.kept, label][has_gold]
        order = np.argsort(values, kind="stable")
        holds = self.rows.gold[self.kept, label][has_gold][order]
        weights = weights[:, has_gold][:, order]
        starts = np.flatnonzero(np.diff(values[order], prepend=np.nan) != 0)
        if not len(starts):
            return np.zeros(len(weights))
        right, wrong = (np.add.reduceat(weights * kind, starts, axis=1) for kind in (holds, ~holds))
        below = np.cumsum(wrong, axis=1) - wrong / 2
        return divide((right * below).sum(axis=1), right.sum(axis=1) * wrong.sum(axis=1), empty=0.0)


class SeveralLabelReport(KindReport[SeveralLabelRows]):
    """Scores by label and over all, calibration and thresholds of probabilities that are independent."""

    rows_class = SeveralLabelRows
    quality_title = "share of texts whose labels are all right"

    @cached_property
    def predicted(self) -> Bools:
        """(rows, labels) whether each label is predicted."""
        return self.rows.values >= self.rows.threshold

    @cached_property
    def measure(self) -> RankedLabels:
        """Macro AUC, micro and macro F, and the share of texts whose labels are all right."""
        gold, known = self.rows.gold & self.rows.has_gold, self.rows.has_gold
        predicted = self.predicted & known
        columns = [gold & predicted, predicted, gold, self.correct[:, None], np.ones((len(gold), 1))]
        sums = Sums.of_rows(np.concatenate(columns, axis=1).astype(np.float64), self._score)
        return RankedLabels(self.rows, np.arange(len(self.rows)), sums)

    @cached_property
    def correct(self) -> Bools:
        """Whether all labels with gold are right."""
        return ((self.predicted == self.rows.gold) | ~self.rows.has_gold).all(axis=1)

    @cached_property
    def confidence(self) -> Doubles:
        """The probability that is least sure, of each text."""
        return np.maximum(self.rows.values, 1 - self.rows.values).min(axis=1)

    def weakness(self) -> str:
        """Return the label that is missed most often."""
        missed = (self.rows.gold & self.rows.has_gold & ~self.predicted).sum(axis=0)
        if not missed.any():
            return ""
        return f"most often missed: {self.rows.labels[int(missed.argmax())]}, {int(missed.max()):,} times"

    def blocks(self) -> list[Block]:
        """Return scores by label, errors, calibration and thresholds."""
        known = self.rows.has_gold
        gold, predicted, labels = self.rows.gold & known, self.predicted & known, self.rows.labels
        counts = (gold & predicted).sum(axis=0), predicted.sum(axis=0), gold.sum(axis=0)
        per_label = Sums(self.measure.sums.units, self.measure.sums.table[:, :-2], self.measure.sums.score)
        sure = np.where(self.predicted, self.rows.values, 1 - self.rows.values)[known]
        micro = threshold_curve(self.rows.values[known], self.rows.gold[known], int(gold.sum()))
        return [
            Block(
                "Scores by label",
                label_table(labels, counts, by_label(labels, per_label), unit=self.unit),
                is_wide=True,
            ),
            self._error_block(gold, predicted),
            self.calibration_block(sure, (self.predicted == self.rows.gold)[known], of_what="decisions on a label"),
            Block(
                "Threshold of all labels", threshold_chart("all labels", micro), f"It is {self.rows.threshold:g} now."
            ),
            label_threshold_block(labels, self.rows.values, gold, counts[2]),
            self.coverage_block(),
        ]

    def browser_rows(self) -> BrowserRows:
        """Return the rows, those first whose gold had the lowest probability altogether."""
        right = np.clip(np.where(self.rows.gold, self.rows.values, 1 - self.rows.values), 1e-12, 1)
        missed = (self.rows.gold & self.rows.has_gold & ~self.predicted).any(axis=1)
        spare = (~self.rows.gold & self.rows.has_gold & self.predicted).any(axis=1)
        return BrowserRows(
            labels=self.rows.labels,
            gold_labels=[np.flatnonzero(row).tolist() for row in self.rows.gold],
            predicted=Predicted(
                labels=[np.flatnonzero(row).tolist() for row in self.predicted],
                confidence=rounded(self.confidence),
                is_right=self.correct,
            ),
            badness=(-(np.log(right) * self.rows.has_gold).sum(axis=1)).tolist(),
            badness_title="loss",
            errors=[np.flatnonzero(row).tolist() for row in np.stack([missed, spare], axis=1)],
            error_names=ERRORS,
        )

    def _score(self, sums: Doubles) -> Scores:
        sums, right, texts = sums[:, :-2], sums[:, -2], sums[:, -1]
        tp, predicted, gold = np.split(sums, 3, axis=1)
        micro = prf_scores(tp.sum(axis=1), predicted.sum(axis=1), gold.sum(axis=1))
        return {
            "micro F": micro[2],
            "micro precision": micro[0],
            "micro recall": micro[1],
            "macro F": prf_scores(tp, predicted, gold)[2].mean(axis=1),
            "all labels right": right / texts,
        }

    def _error_block(self, gold: Bools, predicted: Bools) -> Block:
        missed, spare = (gold & ~predicted).sum(axis=0), (predicted & ~gold).sum(axis=0)
        worst = np.argsort(-(missed + spare), kind="stable")[:12].tolist()
        bars = []
        for number in worst:
            name = self.rows.labels[number]
            bars.append(Bar(name, float(missed[number]), f"{missed[number]:,} missed", 2))
            bars.append(Bar("", float(spare[number]), f"{spare[number]:,} too many", 4))
        note = "Texts whose label was missed, and texts that got one too many."
        return Block("Errors by label", bar_chart("Errors by label", bars, description=note), note)
