"""`show`: what training will do to a network, before it runs."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from spacy import registry
from spacy.cli._util import import_code
from spacy.language import Language
from spacy.schemas import ConfigSchemaTraining
from thinc.api import Optimizer
from wasabi import msg, table

from ..evaluation.pipelines import UNKNOWN_LABELS, bert_components, load_with_networks
from . import options

if TYPE_CHECKING:
    from ..component.network_component import NetworkComponent
    from ..learning.parameter_summary import NetworkPart

MEGABYTE = 2**20
STEPS_WITHOUT_LIMIT = 20_000  # how far a schedule is followed where epochs are the limit
COLUMNS = ("part", "parameters", "learning", "from step", "learning rate", "weight decay")


def show_cli(
    context: typer.Context,
    path: Annotated[str, typer.Argument(help="Config file, or name or directory of a pipeline")],
    code_path: Annotated[
        Path | None, typer.Option("--code", "-c", help="Python file with registered functions")
    ] = None,
) -> None:
    """
    Show the layers of each BERT component: how many parameters they have, how many learn and from which step on, at
    which rates, for how many steps, and what memory that takes. Overrides work as in `spacy train`.
    """
    with options.errors_as_messages():
        import_code(code_path)
        nlp = load_with_networks(path, options.config_overrides(context))
        optimizer, steps = read_training(nlp)
        rate = peak_rate(optimizer, steps or STEPS_WITHOUT_LIMIT)
        for pipe in bert_components(nlp):
            pipe.runner.check()
            show_component(pipe, rate=rate, decay=optimizer.L2, steps=steps)


def read_training(nlp: Language) -> tuple[Optimizer, int]:
    """Return the optimizer of the config's [training], and how many steps it has; 0: as many as the epochs have.

    Raises ValueError for settings with which `spacy train` could not begin.
    """
    training = registry.resolve(nlp.config.interpolate()["training"], schema=ConfigSchemaTraining)
    return training["optimizer"], training["max_steps"]


def peak_rate(optimizer: Optimizer, steps: int) -> float:
    """Return the highest learning rate of so many steps. It uses up the optimizer's schedules."""
    highest = optimizer.learn_rate
    for _ in range(steps):
        optimizer.step_schedules()
        highest = max(highest, optimizer.learn_rate)
    return highest


def show_component(pipe: NetworkComponent, *, rate: float, decay: float, steps: int) -> None:
    """Print a component's parts, rates and memory. rate: the highest. decay: of the weights. steps: 0 for no limit."""
    from ..learning.parameter_summary import FEW_LEARN, RATE_FOR_FEW, summarize

    network, adaptation = pipe.network, pipe.shim.learner.adaptation
    parts = summarize(network.module, adaptation, steps=steps)
    msg.divider(pipe.name)
    msg.text(
        f"{type(network.module).__name__} on {pipe.shim.settings.encoder.name}, {type(adaptation).__name__}, "
        f"{network.device}, {network.precision}"
    )
    _show_parts(parts, rate, decay)
    if parts[0].name == "head" and getattr(pipe, "has_labels", False) and network.checkpoint.labels == UNKNOWN_LABELS:
        msg.info("The head is shown with two labels; the training data decides how many there are.")
    length = f"{steps:,} steps" if steps else "as many steps as the epochs have"
    msg.text(f"Training: {length}, learning rate up to {rate:g}")
    highest = rate * max(max(part.rates, default=0.0) for part in parts)
    if _share(parts) < FEW_LEARN and highest < RATE_FOR_FEW:
        msg.info(f"So few parameters learn best at a higher rate, {RATE_FOR_FEW:g} or more, with AdamW")
    _show_memory(pipe, parts)


def _show_parts(parts: list[NetworkPart], rate: float, decay: float) -> None:
    total, learning = sum(part.parameters for part in parts), sum(part.learning for part in parts)
    rows = [_row(part, rate, decay) for part in parts]
    rows.append(("all", f"{total:,}", f"{learning:,}", f"{learning / total:.1%}", "", ""))
    print(table(rows, header=COLUMNS, divider=True, aligns=("l", "r", "r", "r", "l", "l")))


def _show_memory(pipe: NetworkComponent, parts: list[NetworkPart]) -> None:
    from ..learning.parameter_summary import estimate_memory

    network, budget = pipe.network, pipe.runner.budget.subwords
    item_bytes = network.dtype.itemsize if network.dtype else 4
    memory = estimate_memory(network.module, parts, subwords=budget, item_bytes=item_bytes)
    bytes_of = {**asdict(memory), "total": memory.total}
    sizes = ", ".join(f"{name} {size / MEGABYTE:,.0f} MB" for name, size in bytes_of.items())
    msg.text(f"Memory, roughly: {sizes} ({budget:,} subwords at once); Python and its libraries come on top")


def _share(parts: list[NetworkPart]) -> float:
    """Return the share of the parameters that learn."""
    return sum(part.learning for part in parts) / sum(part.parameters for part in parts)


def _row(part: NetworkPart, rate: float, decay: float) -> tuple[str, ...]:
    if not part.learning:
        return part.name, f"{part.parameters:,}", "0", "", "frozen", ""
    rates = ", ".join(f"{rate * factor:.3g}" for factor in part.rates)
    decays = ", ".join(f"{decay * factor:.3g}" for factor in part.decays)
    return part.name, f"{part.parameters:,}", f"{part.learning:,}", str(part.first_step), rates, decays
