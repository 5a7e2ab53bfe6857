"""`compare`: one task, trained with several ways to adapt the encoder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from wasabi import msg

from ..errors import Errors, ExistsError
from ..evaluation.comparison import (
    STRATEGIES,
    StrategyResult,
    as_markdown,
    compare_strategies,
    draw_results,
    installed_strategies,
)
from . import options
from .output import check_output


def compare_cli(
    context: typer.Context,
    config: Annotated[Path, typer.Argument(help="Config file with one BERT component", exists=True, dir_okay=False)],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the table, the chart and the pipelines")],
    strategies: Annotated[
        str | None, typer.Option("--strategies", "-s", help=f"Names, with commas; else {', '.join(STRATEGIES)}")
    ] = None,
    gpu_id: Annotated[int, typer.Option("--gpu-id", "-g", help="Number of the GPU; -1 for the CPU")] = -1,
    force: Annotated[bool, typer.Option("--force", "-F", help="Replace an earlier comparison")] = False,
) -> None:
    """
    Train a config's component with several ways to adapt its encoder, one after the other, each in a process of its
    own; write score, trainable parameters, time and peak memory as a table (compare.md) and, with matplotlib, a chart
    (compare.png). What learns little learns at a multiple of the config's learning rate: 20 times for heads and LoRA,
    twice for upper layers. Overrides work as in `spacy train`. A strategy that fails after another was trained is left
    out of the table, and the exit code is 1.
    """
    with options.errors_as_messages():
        overrides = options.config_overrides(context)
        names = strategies_to_compare(strategies)
        _check_output(config, output, names, force=force)
        results = compare_strategies(config, output, names, overrides=overrides, gpu_id=gpu_id)
    text = as_markdown(results)
    (output / "compare.md").write_text(text, encoding="utf8")
    print(f"\n{text}")
    msg.good(f"Wrote {output / 'compare.md'}")
    _draw(results, output / "compare.png")
    if len(results) < len(names):
        raise typer.Exit(1)


def _check_output(config: Path, output: Path, names: list[str], *, force: bool) -> None:
    """Raise ValueError if the config would be written over, FileExistsError for an earlier comparison unless forced."""
    for name in names:
        check_output(output / name / "config.cfg", inputs=[config])
    for path in (output / "compare.json", output / "compare.md"):
        if path.exists() and not force:
            raise ExistsError(Errors.E505.format(path=path))


def strategies_to_compare(wanted: str | None) -> list[str]:
    """Return the wanted strategies, or all that are installed; print why one is left out.

    wanted: names with commas between them.
    """
    if wanted:
        return [name.strip() for name in wanted.split(",")]
    names = installed_strategies()
    if len(names) < len(STRATEGIES):
        msg.warn(Errors.E114)
    return names


def _draw(results: list[StrategyResult], path: Path) -> None:
    try:
        draw_results(results, path)
    except ImportError:
        msg.info("For a chart besides: pip install 'spacy-bertadapt[plots]'")
        return
    msg.good(f"Wrote {path}")
