"""`compare`: one task, trained with several ways to adapt the encoder."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import srsly
import typer
from spacy import util
from spacy.cli._util import parse_config_overrides
from thinc.api import Config
from wasabi import msg

from ..errors import Errors, InvalidError, ProcessError
from . import options
from .show import components, load

STRATEGIES: dict[str, tuple[dict[str, Any], float]] = {
    "full": ({"@misc": "spacy-bertadapt.FullFineTuning.v1"}, 1),
    "head_only": ({"@misc": "spacy-bertadapt.HeadOnly.v1"}, 20),
    "head_and_pooler": ({"@misc": "spacy-bertadapt.HeadOnly.v1", "pooler": True}, 20),
    "top_layers": ({"@misc": "spacy-bertadapt.TopLayers.v1", "n": 2}, 2),
    "gradual_unfreezing": ({"@misc": "spacy-bertadapt.GradualUnfreezing.v1"}, 2),
    "lora": ({"@misc": "spacy-bertadapt.LoRA.v1"}, 20),
}
"""By name: the component's `adapt`, and the multiple of the config's learning rate, as less learns the faster."""


@dataclass(frozen=True, slots=True)
class Result:
    """What one way to adapt gave.

    score: the best of the evaluations. learning, parameters: how many. seconds: of training, evaluations included.
    memory: the most that the process held, in MB; None where the system doesn't tell.
    """

    strategy: str
    score: float
    learning: int
    parameters: int
    seconds: float
    memory: float | None


def compare_cli(
    context: typer.Context,
    config: Annotated[Path, typer.Argument(help="Config file with one BERT component", exists=True, dir_okay=False)],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the table, the chart and the pipelines")],
    strategies: Annotated[
        str | None, typer.Option("--strategies", "-s", help=f"Names, with commas; else {', '.join(STRATEGIES)}")
    ] = None,
    gpu_id: Annotated[int, typer.Option("--gpu-id", "-g", help="Number of the GPU; -1 for the CPU")] = -1,
) -> None:
    """
    Train a config's component with several ways to adapt its encoder, one after the other, each in a process of its
    own; write score, trainable parameters, time and peak memory as a table (compare.md) and, with matplotlib, a chart
    (compare.png). What learns little learns at a multiple of the config's learning rate: 20 times for heads and LoRA,
    twice for upper layers. Overrides work as in `spacy train`. A strategy that fails after another was trained is left
    out of the table, and the exit code is 1.
    """
    with options.errors_as_messages():
        names = [name.strip() for name in strategies.split(",")] if strategies else _installed()
        results = compare(config, output, names, overrides=parse_config_overrides(list(context.args)), gpu_id=gpu_id)
    text = as_markdown(results)
    (output / "compare.md").write_text(text, encoding="utf8")
    print(f"\n{text}")
    msg.good(f"Wrote {output / 'compare.md'}")
    _plot(results, output / "compare.png")
    if len(results) < len(names):
        raise typer.Exit(1)


def compare(
    config: Path, output: Path, strategies: list[str], *, overrides: dict[str, Any], gpu_id: int = -1
) -> list[Result]:
    """Train with each strategy. output: gets a folder a strategy, with its config, its log and its pipelines.

    Returns the results of those that could be trained. Raises ValueError for an unknown strategy, a config without a
    BERT component or with several, and where the first strategy fails, as then it is the config or the data.
    """
    unknown = [name for name in strategies if name not in STRATEGIES]
    if unknown:
        raise InvalidError(Errors.E517.format(unknown=unknown, known=list(STRATEGIES)))
    results = []
    for name in strategies:
        msg.divider(name)
        folder = output / name
        folder.mkdir(parents=True, exist_ok=True)
        changed = adapted_config(util.load_config(config, overrides=overrides, interpolate=False), name, folder)
        changed.to_disk(folder / "config.cfg")
        try:
            results.append(_train(name, folder, gpu_id))
        except ProcessError as err:
            if not results:
                raise InvalidError(str(err)) from err
            msg.fail(str(err))
        srsly.write_json(output / "compare.json", [asdict(result) for result in results])
    return results


def adapted_config(config: Config, strategy: str, folder: Path) -> Config:
    """The config with another adaptation, a learning rate to match, and a log in the folder."""
    adapt, factor = STRATEGIES[strategy]
    config = config.copy()
    named = [name for name, block in config["components"].items() if str(block.get("factory", "")).startswith("bert_")]
    if len(named) != 1:
        raise InvalidError(Errors.E518.format(found=list(config["components"])))
    config["components"][named[0]]["adapt"] = adapt
    optimizer = config["training"]["optimizer"]
    rate = optimizer["learn_rate"]
    if isinstance(rate, dict):
        rate["initial_rate"] = rate["initial_rate"] * factor
    else:
        optimizer["learn_rate"] = rate * factor
    log = {"@loggers": "spacy-bertadapt.RecordLogger.v1", "output_file": str(folder / "log.jsonl")}
    config["training"]["logger"] = {**log, "progress_bar": "eval"}
    return config


def as_markdown(results: list[Result]) -> str:
    """A table, a row a strategy."""
    lines = ["| strategy | score | learning | of all | seconds | peak memory, MB |", "|---|---|---|---|---|---|"]
    for each in results:
        share, memory = each.learning / each.parameters, "" if each.memory is None else f"{each.memory:,.0f}"
        cells = (
            each.strategy,
            f"{each.score:.4f}",
            f"{each.learning:,}",
            f"{share:.2%}",
            f"{each.seconds:,.0f}",
            memory,
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _installed() -> list[str]:
    """The strategies whose packages are there."""
    if find_spec("peft"):
        return list(STRATEGIES)
    msg.warn(Errors.E114)
    return [name for name in STRATEGIES if name != "lora"]


def _train(name: str, folder: Path, gpu_id: int) -> Result:
    command = [sys.executable, "-m", "spacy", "train", folder / "config.cfg", "-o", folder, "-g", gpu_id]
    code, memory = _run([str(part) for part in command])
    if code:
        raise ProcessError(Errors.E519.format(strategy=name, code=code, config=folder / "config.cfg"))
    log = list(srsly.read_jsonl(folder / "log.jsonl"))
    learning, parameters = _count(folder / "config.cfg")
    return Result(name, max(row["score"] for row in log), learning, parameters, log[-1]["seconds"], memory)


def _run(command: list[str]) -> tuple[int, float | None]:
    """The exit code of a process, and the most memory it held, in MB."""
    process = subprocess.Popen(command)
    if not hasattr(os, "wait4"):
        return process.wait(), None
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, usage.ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


def _count(config: Path) -> tuple[int, int]:
    """How many parameters of the component learn in the end, and how many there are."""
    from ..learning.summary import summarize

    nlp = load(str(config), {})
    (pipe,) = components(nlp)
    pipe.shim.adapt()
    parts = summarize(pipe.shim.module, pipe.shim.adaptation, steps=int(nlp.config["training"]["max_steps"] or 0))
    return sum(part.learning for part in parts), sum(part.parameters for part in parts)


def _plot(results: list[Result], path: Path) -> None:
    try:
        from ..training.chart import draw
    except ImportError:
        msg.info("For a chart besides: pip install 'spacy-bertadapt[plots]'")
        return
    draw(results, path)
    msg.good(f"Wrote {path}")
