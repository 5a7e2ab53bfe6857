"""The chart of `compare`: scores against parameters, seconds and memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.figure import Figure


def draw_costs(names: Sequence[str], scores: Sequence[float], costs: Mapping[str, Sequence[float]], path: Path) -> None:
    """Write a PNG in which the scores stand against each of several costs, in panels side by side.

    names: of what is compared. scores: one a name. costs: by title, one value a name; the first has a logarithmic axis.
    """
    figure = Figure(figsize=(13, 4), layout="constrained")
    panels = figure.subplots(1, len(costs), sharey=True)
    for panel, (title, values) in zip(panels, costs.items(), strict=True):
        for number, (name, score, value) in enumerate(zip(names, scores, values, strict=True)):
            panel.scatter(value, score, color=f"C{number}", s=60, label=name)
        panel.set_xlabel(title)
        panel.grid(alpha=0.3)
    panels[0].set_xscale("log")
    panels[0].set_ylabel("score")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=len(names))
    figure.savefig(path, dpi=150)
