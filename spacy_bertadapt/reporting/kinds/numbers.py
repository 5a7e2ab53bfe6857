"""The report on numbers."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from ...planning.report_rows import Doubles, NumberRows
from ...tasks.categories.number_scorer import ranks
from ...types import Bools
from ..browser_rows import BrowserRows, Predicted
from ..charts.bars import histogram
from ..charts.points import scatter
from ..markup import Block, figure
from ..measures import Scores, Sums, divide
from .base import KindReport

SUMS = 12  # of each label


class NumberReport(KindReport[NumberRows]):
    """Correlations and errors, and predictions against gold."""

    rows_class = NumberRows
    quality_title = "closeness"

    @cached_property
    def errors(self) -> Doubles:
        """(rows, labels) predicted - gold, NaN where there is no gold."""
        return self.rows.predicted - self.rows.gold

    @cached_property
    def measure(self) -> Sums:
        """Correlations and errors, means over the labels; the ranks of Spearman's are those among all texts."""
        columns = [
            _sums(gold, predicted) for gold, predicted in zip(self.rows.gold.T, self.rows.predicted.T, strict=True)
        ]
        return Sums.of_rows(np.concatenate(columns, axis=1), _score)

    @cached_property
    def correct(self) -> Bools:
        """Whether each text's error is not above the root of the mean square."""
        return self._sizes <= float(np.sqrt(np.mean(self._sizes**2)))

    @cached_property
    def confidence(self) -> Doubles:
        """None is known."""
        return np.full(len(self.rows), np.nan)

    def weakness(self) -> str:
        """Return the largest error."""
        return f"the largest error: {figure(float(self._sizes.max()), 2)}"

    def blocks(self) -> list[Block]:
        """Return predictions against gold, and the errors, a label each."""
        blocks = []
        for number, label in enumerate(self.rows.labels):
            known = ~np.isnan(self.errors[:, number])
            if not known.any():
                continue
            gold, predicted = self.rows.gold[known, number], self.rows.predicted[known, number]
            errors = predicted - gold
            note = (
                f"On average predictions are {figure(float(errors.mean()), 2)} above the gold. Dashed: both are equal."
            )
            drawn = scatter(f"{label}", gold, predicted, x_title="gold", y_title="predicted", description=note)
            blocks.append(Block(f"{label}: predicted against gold", drawn, note))
            counts, edges = np.histogram(errors, 30)
            note = f"Half of the errors are between {figure(float(np.quantile(errors, 0.25)), 2)} and "
            note += f"{figure(float(np.quantile(errors, 0.75)), 2)}."
            titles = {"x_title": "predicted − gold", "y_title": "texts"}
            drawn = histogram(f"Errors of {label}", edges, [("texts", counts)], description=note, **titles)
            blocks.append(Block(f"{label}: errors", drawn, note))
        return blocks

    def browser_rows(self) -> BrowserRows:
        """Return the rows, those with the largest error first."""
        holding = [np.flatnonzero(~np.isnan(row)).tolist() for row in self.rows.gold]
        return BrowserRows(
            labels=self.rows.labels,
            gold_labels=holding,
            gold_texts=[self._text(row, kept) for row, kept in zip(self.rows.gold, holding, strict=True)],
            predicted=Predicted(
                labels=holding,
                confidence=[None] * len(self.rows),
                is_right=self.correct,
                texts=[self._text(row, kept) for row, kept in zip(self.rows.predicted, holding, strict=True)],
            ),
            badness=self._sizes.tolist(),
            badness_title="error",
        )

    @cached_property
    def _sizes(self) -> Doubles:
        """The largest error of each text."""
        return np.nanmax(np.abs(self.errors), axis=1)

    def _text(self, values: Doubles, kept: list[int]) -> str:
        return ", ".join(f"{self.rows.labels[number]} {values[number]:.4g}" for number in kept)


def _sums(gold: Doubles, predicted: Doubles) -> Doubles:
    """Return what each text adds to the sums of a label, (texts, SUMS); nothing without gold."""
    known = ~np.isnan(gold) & ~np.isnan(predicted)
    table = np.zeros((len(gold), SUMS))
    gold, predicted = gold[known], predicted[known]
    if not len(gold):
        return table
    x, y = gold - gold.mean(), predicted - predicted.mean()  # so that squares lose no digits
    rank_x, rank_y = ranks(gold) - (len(gold) + 1) / 2, ranks(predicted) - (len(gold) + 1) / 2
    error = predicted - gold
    columns = [np.ones(len(x)), x, y, x * x, y * y, x * y, rank_x, rank_y, rank_x**2, rank_y**2, rank_x * rank_y]
    table[known] = np.stack([*columns, error**2], axis=1)
    return table


def _score(sums: Doubles) -> Scores:
    by_label = sums.reshape(len(sums), -1, SUMS)
    n, x, y, xx, yy, xy, rx, ry, rxx, ryy, rxy, squares = np.moveaxis(by_label, 2, 0)
    with_gold = n > 0
    pearson = _mean(_correlation(n, x, y, xx, yy, xy), with_gold)
    spearman = _mean(_correlation(n, rx, ry, rxx, ryy, rxy), with_gold)
    mse = divide(squares, n)
    return {
        "Pearson and Spearman": (pearson + spearman) / 2,
        "Pearson": pearson,
        "Spearman": spearman,
        "RMSE": _mean(np.sqrt(mse), with_gold),
        "MSE": _mean(mse, with_gold),
    }


def _correlation(n: Doubles, x: Doubles, y: Doubles, xx: Doubles, yy: Doubles, xy: Doubles) -> Doubles:
    """Return correlations of sums; 0 where something doesn't vary."""
    spread = (n * xx - x * x) * (n * yy - y * y)
    return divide(n * xy - x * y, np.sqrt(np.maximum(spread, 0)), empty=0.0)


def _mean(values: Doubles, with_gold: Bools) -> Doubles:
    return divide(np.where(with_gold, values, 0).sum(axis=1), with_gold.sum(axis=1).astype(np.float64))
