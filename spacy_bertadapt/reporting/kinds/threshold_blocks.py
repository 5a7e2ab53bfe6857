"""Curves of precision, recall and F over a threshold, a label each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from markupsafe import Markup

from ...planning.report_rows import Doubles
from ...types import Bools, Ints
from ..charts.axes import Axes
from ..charts.lines import Curve, line_chart
from ..markup import Block, counted, element, figure
from ..thresholds import ThresholdCurve, threshold_curve

MOST, OPEN = 12, 1


def threshold_chart(name: str, curve: ThresholdCurve) -> Markup:
    """Return precision, recall and F over the threshold, with the best F pointed out."""
    curves = [
        Curve(title, curve.thresholds, values)
        for title, values in (("precision", curve.precision), ("recall", curve.recall), ("F", curve.f))
    ]
    best = curve.best
    at, f = float(curve.thresholds[best]), float(curve.f[best])
    description = f"The highest F of {name} is {figure(f)}, at a threshold of {figure(at, 2)}."
    axes = Axes((0.0, 1.0), (0.0, 1.0), "threshold", "score")
    marked = (at, f, f"F {figure(f, 2)} at {figure(at, 2)}")
    return line_chart(f"Thresholds of {name}", curves, axes=axes, description=description, marked=marked)


def label_threshold_block(labels: Sequence[str], values: Doubles, gold: Bools, counts: Ints) -> Block:
    """Return a chart a label, of those with the most gold. values, gold: (rows, labels). counts: (labels,)."""
    often = np.argsort(-np.asarray(counts)[: len(labels)], kind="stable")[:MOST].tolist()
    drawn = []
    for place, number in enumerate(often):
        curve = threshold_curve(values[:, number], gold[:, number], int(gold[:, number].sum()))
        summary = element("summary", labels[number], " ", element("small", _best_of(curve)))
        chart = threshold_chart(labels[number], curve)
        drawn.append(element("details", summary, chart, open="open" if place < OPEN else None))
    left_out = len(labels) - len(often)
    note = "What precision, recall and F of a label would be if it were predicted from another probability on."
    if left_out:
        note += f" {counted(left_out, 'labels')} with less gold left out."
    return Block("Thresholds by label", Markup("").join(drawn), note)


def _best_of(curve: ThresholdCurve) -> str:
    return f"best F {figure(float(curve.f[curve.best]))} at {figure(float(curve.thresholds[curve.best]), 2)}"
