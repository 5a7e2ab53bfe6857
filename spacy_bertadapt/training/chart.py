"""The chart of `compare`: what a score costs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from matplotlib.figure import Figure

if TYPE_CHECKING:
    from ..cli.compare import Result


def draw(results: list[Result], path: Path) -> None:
    """Write score against trainable parameters, seconds and peak memory, side by side, as a PNG."""
    costs = {
        "trainable parameters": [float(each.learning) for each in results],
        "seconds of training": [each.seconds for each in results],
        "peak memory, MB": [each.memory or 0.0 for each in results],
    }
    figure = Figure(figsize=(13, 4), layout="constrained")
    panels = figure.subplots(1, len(costs), sharey=True)
    for panel, (cost, values) in zip(panels, costs.items(), strict=True):
        for number, (each, value) in enumerate(zip(results, values, strict=True)):
            panel.scatter(value, each.score, color=f"C{number}", s=60, label=each.strategy)
        panel.set_xlabel(cost)
        panel.grid(alpha=0.3)
    panels[0].set_xscale("log")
    panels[0].set_ylabel("score")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=len(results))
    figure.savefig(path, dpi=150)
