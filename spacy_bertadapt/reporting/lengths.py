"""Length and speed: how long the texts are, how fast they were read, and whether long ones are harder."""

from __future__ import annotations

import numpy as np
from markupsafe import Markup

from ..types import Ints
from .charts.bars import Bar, bar_chart, histogram
from .intervals import intervals
from .kinds.base import KindReport
from .markup import Block, figure, joined, table
from .runs import Run

GROUPS, FEWEST = 5, 20
DRAWS = 400


def length_block(report: KindReport, lengths: Ints) -> Block | None:
    """Return the main score of texts in groups by length; None for too few texts, or texts of one length.

    lengths: (rows,) tokens of each row's text.
    """
    groups = min(GROUPS, len(lengths) // FEWEST)
    if groups < 2:
        return None
    limits = np.unique(np.quantile(lengths, np.linspace(0, 1, groups + 1)[1:-1], method="nearest"))
    group = np.searchsorted(limits, lengths, side="left")
    title, bars = report.rows.main, []
    for number in np.unique(group).tolist():
        members = group == number
        found = intervals(report.measure.of(members), draws=DRAWS)[title]
        shortest, longest = int(lengths[members].min()), int(lengths[members].max())
        name = f"{shortest} to {longest}" if longest > shortest else f"{shortest}"
        bars.append(Bar(f"{name} tokens", found.value, figure(found.value), 1, found.low, found.high))
    if len(bars) < 2:
        return None
    name = f"{title[0].upper()}{title[1:]}"
    note = f"{name} of {report.unit} by length in tokens, in groups of about equal size, with 95 % intervals."
    highest = 1.0 if all(bar.value <= 1 for bar in bars) else None
    return Block("Score by length", bar_chart("Score by length", bars, description=note, highest=highest), note)


def speed_blocks(runs: list[Run]) -> list[Block]:
    """Return the lengths of the texts, and the speed of each pipeline."""
    lengths = runs[0].lengths
    edges = np.unique(np.linspace(0, max(int(np.quantile(lengths, 0.995)), 1) + 1, 31).round())
    counts, _ = np.histogram(np.minimum(lengths, edges[-1]), edges)
    note = (
        f"A text has {figure(float(lengths.mean()), 1)} tokens on average, half have up to "
        f"{int(np.median(lengths)):,}, and the longest {int(lengths.max()):,}."
    )
    titles = {"x_title": "tokens", "y_title": "texts"}
    chart = histogram("Length", edges.astype(np.float64), [("texts", counts)], description=note, **titles)
    return [
        Block("Length of texts", chart, note),
        Block("Speed", _speed_table(runs), "Tokenization and all components."),
    ]


def _speed_table(runs: list[Run]) -> Markup:
    rows = [
        (
            run.name,
            f"{run.seconds:,.1f} s",
            f"{run.texts / run.seconds:,.0f}",
            f"{run.lengths.sum() / run.seconds:,.0f}",
        )
        for run in runs
    ]
    header = ("pipeline", "time", "texts a second", "tokens a second")
    return joined([table(header, rows, caption="Speed", class_="numbers")])
