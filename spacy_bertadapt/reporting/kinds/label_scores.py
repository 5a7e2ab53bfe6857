"""Scores by label, whatever has the labels: texts, or spans of these."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from markupsafe import Markup

from ...planning.report_rows import Doubles
from ...types import Ints
from ..intervals import Interval, intervals
from ..markup import element, figure, table
from ..measures import Scores, Sums, prf_scores


def by_label(labels: Sequence[str], sums: Sums) -> dict[str, Interval]:
    """Return the F of each label with its interval. sums: of (hits, predictions, gold), by label each."""

    def score(table: Doubles) -> Scores:
        _, _, f = prf_scores(*np.split(table, 3, axis=1))
        return {str(number): f[:, number] for number in range(len(labels))}

    return intervals(Sums(sums.units, sums.table, score))


def label_table(labels: Sequence[str], counts: Sequence[Ints], scores: Mapping[str, Interval], *, unit: str) -> Markup:
    """Return the table of labels, most gold first. counts: hits, predictions and gold, (labels,) each."""
    tp, predicted, gold = (np.asarray(part, dtype=np.float64) for part in counts)
    precision, recall, f = prf_scores(tp, predicted, gold)
    rows = []
    for number in np.argsort(-gold, kind="stable").tolist():
        interval = scores.get(str(number))
        limits = f"{figure(interval.low, 2)} to {figure(interval.high, 2)}" if interval is not None else ""
        rows.append(
            (
                labels[number],
                figure(float(precision[number])),
                figure(float(recall[number])),
                element("b", figure(float(f[number]))),
                limits,
                f"{gold[number]:,.0f}",
                f"{predicted[number]:,.0f}",
            )
        )
    header = ("label", "precision", "recall", "F", "95 % of F", f"gold {unit}", "predicted")
    return table(header, rows, caption="Scores by label", class_="numbers")
