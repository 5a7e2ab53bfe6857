"""The report on texts of which one label holds."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from ...planning.report_rows import Doubles, LabelRows
from ...types import Bools, Ints
from ..browser_rows import BrowserRows, Predicted
from ..charts.bars import histogram
from ..charts.heat import heat_table, needs_width
from ..markup import Block, counted
from ..measures import Scores, Sums, prf_scores
from .base import KindReport, rounded
from .label_scores import by_label, label_table
from .threshold_blocks import label_threshold_block


class LabelReport(KindReport[LabelRows]):
    """Accuracy, confusions, and what probabilities are worth."""

    rows_class = LabelRows

    @cached_property
    def predicted(self) -> Ints:
        """The number of the most probable label of each row."""
        return self.rows.values[:, : self.rows.known].argmax(axis=1)

    @cached_property
    def confusion(self) -> Ints:
        """(labels, labels) counts by gold and predicted label."""
        size = len(self.rows.labels)
        cells = np.bincount(self.rows.gold * size + self.predicted, minlength=size * size)
        return cells.reshape(size, size)

    @cached_property
    def measure(self) -> Sums:
        """Accuracy and macro scores, from hits, predictions and gold by label; a pair of labels is a unit."""
        size = len(self.rows.labels)
        cells, units = np.unique(self.rows.gold * size + self.predicted, return_inverse=True)
        gold, predicted = np.eye(size)[cells // size], np.eye(size)[cells % size]
        return Sums(units.reshape(-1), np.concatenate([gold * predicted, predicted, gold], axis=1), self._score)

    @cached_property
    def correct(self) -> Bools:
        """Whether each label is right."""
        return self.predicted == self.rows.gold

    @cached_property
    def confidence(self) -> Doubles:
        """The probability of the label that is predicted."""
        return self.rows.values.max(axis=1)

    def weakness(self) -> str:
        """Return the pair of labels that is confused most often."""
        off = self.confusion * (1 - np.eye(len(self.confusion), dtype=np.int64))
        gold, predicted = np.unravel_index(int(off.argmax()), off.shape)
        if not off[gold, predicted]:
            return ""
        labels = self.rows.labels
        return f"most often confused: {labels[gold]} taken for {labels[predicted]}, {off[gold, predicted]:,} times"

    def blocks(self) -> list[Block]:
        """Return confusions, scores by label, calibration, thresholds and confidences."""
        labels = self.rows.labels
        counts = self.confusion.diagonal(), self.confusion.sum(axis=0), self.confusion.sum(axis=1)
        confusion = heat_table(labels, self.confusion, rows="gold", columns="predicted", caption="Confusion matrix")
        note = f"By gold and predicted label; darker: a larger share of the {self.unit} with that gold."
        return [
            Block("Confusion matrix", confusion, note, is_wide=needs_width(labels)),
            Block(
                "Scores by label",
                label_table(labels, counts, by_label(labels, self.measure), unit=self.unit),
                is_wide=True,
            ),
            self.calibration_block(self.confidence, self.correct, of_what=self.unit),
            self.coverage_block(),
            label_threshold_block(labels[: self.rows.known], self.rows.values, self._gold_of_labels(), counts[2]),
            self._confidence_block(),
        ]

    def browser_rows(self) -> BrowserRows:
        """Return the rows, the worst first: those whose gold was given the least probability."""
        chance = self.rows.values[np.arange(len(self.rows)), self.rows.gold]
        return BrowserRows(
            labels=self.rows.labels,
            gold_labels=[[number] for number in self.rows.gold.tolist()],
            predicted=Predicted(
                labels=[[number] for number in self.predicted.tolist()],
                confidence=rounded(self.confidence),
                is_right=self.correct,
            ),
            badness=(-np.log(np.maximum(chance, 1e-12))).tolist(),
            badness_title="loss",
        )

    def _score(self, sums: Doubles) -> Scores:
        tp, predicted, gold = np.split(sums, 3, axis=1)
        precision, recall, f = (part[:, : self.rows.known] for part in prf_scores(tp, predicted, gold))
        accuracy = tp.sum(axis=1) / gold.sum(axis=1)
        scores = {
            "accuracy": accuracy,
            "macro F": f.mean(axis=1),
            "macro precision": precision.mean(axis=1),
            "macro recall": recall.mean(axis=1),
        }
        return {self.rows.main: scores[self.rows.main], **scores}

    def _gold_of_labels(self) -> Bools:
        """Return whether each known label holds, (rows, labels)."""
        return self.rows.gold[:, None] == np.arange(self.rows.known)

    def _confidence_block(self) -> Block:
        edges = np.linspace(0, 1, 21)
        layers = [
            (name, np.histogram(self.confidence[kept], edges)[0])
            for name, kept in (("right", self.correct), ("wrong", ~self.correct))
        ]
        sure = (self.confidence >= 0.9) & ~self.correct
        count = int(sure.sum())
        what = f"{counted(count, self.unit)} wrong with a confidence of 0.9 or more"
        note = f"{what}: look at these first." if count else f"{what}."
        chart = histogram("Confidence", edges, layers, x_title="confidence", y_title=self.unit, description=note)
        return Block("Confidence of right and wrong", chart, note)
