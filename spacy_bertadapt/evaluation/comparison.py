"""One task, trained with several adaptations, and their scores, times and memory."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from shlex import quote
from typing import Any

import srsly
from spacy import util
from spacy.language import Language
from thinc.api import Config
from wasabi import msg

from ..errors import Errors, InvalidError, MissingPackageError, ProcessError
from ..planning.adaptations import FULL, STRATEGIES
from .pipelines import bert_components, config_named, load_with_networks, read_config

WHOLE = STRATEGIES[FULL][0]
EVERY_PARAMETER = "."  # a pattern that every name contains


@dataclass(frozen=True, slots=True)
class StrategyResult:
    """The result of one adaptation.

    score: the best of the evaluations. learning, parameters: how many parameters learn, and how many there are.
    seconds: of training, evaluations included. memory: the most that the process held, in MB; None if the system
    doesn't report it.
    """

    strategy: str
    score: float
    learning: int
    parameters: int
    seconds: float
    memory: float | None


def installed_strategies() -> list[str]:
    """Return the names of the strategies whose packages are installed: all, or all but "lora" without peft."""
    return [name for name in STRATEGIES if name != "lora" or find_spec("peft")]


def compare_strategies(
    config: Path, output: Path, strategies: list[str], *, overrides: dict[str, Any], gpu_id: int = -1
) -> list[StrategyResult]:
    """Train with each strategy, in a process of its own.

    config: a file with one BERT component. output: gets a folder a strategy, with its config, its log and its
    pipelines. overrides: settings by dotted name. gpu_id: spaCy's GPU; -1 for the CPU.
    Returns the results of those that could be trained. Raises ValueError for an unknown strategy, a config without a
    BERT component or with several, and if the first strategy fails, as then the config or the data is at fault. Raises
    ImportError for "lora" without peft.
    """
    unknown = [name for name in strategies if name not in STRATEGIES]
    if unknown:
        raise InvalidError(Errors.E517.format(unknown=unknown, known=list(STRATEGIES)))
    if "lora" in strategies and not find_spec("peft"):
        raise MissingPackageError(Errors.E114)
    settings = read_config(config, overrides)
    with config_named(config):
        nlp = util.load_model_from_config(settings, auto_fill=True)
    component = only_bert_component(nlp)
    heads = [pipe.name for pipe in bert_components(nlp) if pipe.shim.shares_encoder]
    results = []
    for name in strategies:
        msg.divider(name)
        folder = output / name
        folder.mkdir(parents=True, exist_ok=True)
        adapted_config(nlp.config, component, name, folder, heads=heads).to_disk(folder / "config.cfg")
        try:
            results.append(_train(name, folder, gpu_id))
        except ProcessError as err:
            if not results:
                raise InvalidError(str(err)) from err
            msg.fail(str(err))
        srsly.write_json(output / "compare.json", [asdict(result) for result in results])
    return results


def only_bert_component(nlp: Language) -> str:
    """Return the name of the one component with an encoder, which others may share.

    Raises ValueError if there is none, or several, or nothing that learns a task.
    """
    from ..component.base import BertPipe

    pipes = bert_components(nlp)
    names = [pipe.name for pipe in pipes if not pipe.shim.shares_encoder]
    if len(names) != 1 or not any(isinstance(pipe, BertPipe) for pipe in pipes):
        raise InvalidError(Errors.E518.format(components=nlp.pipe_names))
    return names[0]


def adapted_config(config: Config, component: str, strategy: str, folder: Path, *, heads: Sequence[str] = ()) -> Config:
    """Return the config with another adaptation of a component, a learning rate to match, and a log in the folder.

    heads: the names of the components that share its encoder; they learn as a whole, at the same rate.
    The rate is raised by the adaptation's own `rates`, so that any optimizer and schedule will do.
    """
    adapt, factor = STRATEGIES[strategy]
    config = config.copy()
    rates = {"rates": {EVERY_PARAMETER: factor}} if factor != 1 else {}
    config["components"][component]["adapt"] = {**adapt, **rates}
    for name in heads:
        config["components"][name]["adapt"] = {**WHOLE, **rates}
    log = {"@loggers": "spacy-bertadapt.RecordLogger.v1", "output_file": str(folder / "log.jsonl")}
    config["training"]["logger"] = {**log, "progress_bar": "eval"}
    return config


def as_markdown(results: list[StrategyResult]) -> str:
    """Return a Markdown table with a row for each strategy."""
    lines = ["| strategy | score | learning | of all | seconds | peak memory, MB |", "|---|---|---|---|---|---|"]
    for result in results:
        cells = (
            result.strategy,
            f"{result.score:.4f}",
            f"{result.learning:,}",
            f"{result.learning / result.parameters:.2%}",
            f"{result.seconds:,.0f}",
            "" if result.memory is None else f"{result.memory:,.0f}",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def draw_results(results: list[StrategyResult], path: Path) -> None:
    """Write a chart of the results as a PNG. Raises ImportError without matplotlib."""
    from .chart import draw_costs

    costs = {
        "trainable parameters": [float(result.learning) for result in results],
        "seconds of training": [result.seconds for result in results],
        "peak memory, MB": [result.memory or 0.0 for result in results],
    }
    draw_costs([result.strategy for result in results], [result.score for result in results], costs, path)


def _train(name: str, folder: Path, gpu_id: int) -> StrategyResult:
    command = [sys.executable, "-m", "spacy", "train", folder / "config.cfg", "-o", folder, "-g", gpu_id]
    code, memory = _run_and_measure([str(part) for part in command])
    if code:
        raise ProcessError(Errors.E519.format(strategy=name, code=code, config=quote(str(folder / "config.cfg"))))
    log = list(srsly.read_jsonl(folder / "log.jsonl"))
    learning, parameters = _count_parameters(folder / "config.cfg")
    return StrategyResult(name, max(row["score"] for row in log), learning, parameters, log[-1]["seconds"], memory)


def _run_and_measure(command: list[str]) -> tuple[int, float | None]:
    """Return the exit code of a process, and the most memory it held, in MB."""
    process = subprocess.Popen(command)
    if not hasattr(os, "wait4"):
        return process.wait(), None
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, usage.ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


def _count_parameters(config: Path) -> tuple[int, int]:
    """Return how many parameters of the components learn by the end, and how many there are."""
    from ..learning.parameter_summary import summarize

    nlp = load_with_networks(str(config), {})
    learners = [pipe.shim.learner for pipe in bert_components(nlp)]
    steps = int(nlp.config["training"]["max_steps"] or 0)
    parts = [
        part for learner in learners for part in summarize(learner.network.module, learner.adaptation, steps=steps)
    ]
    return sum(part.learning for part in parts), sum(part.parameters for part in parts)
