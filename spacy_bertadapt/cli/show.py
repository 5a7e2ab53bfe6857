"""`show`: what training will do to a network, before it runs."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from spacy.cli._util import import_code, parse_config_overrides
from wasabi import msg, table

from ..evaluation.pipelines import UNKNOWN_LABELS, bert_components, load_with_networks
from . import options

if TYPE_CHECKING:
    from ..component.base import BertPipe
    from ..learning.parameter_summary import NetworkPart

MEGABYTE = 2**20
FEW_LEARN, RATE_FOR_FEW = 0.05, 1e-3
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
        nlp = load_with_networks(path, parse_config_overrides(list(context.args)))
        for pipe in bert_components(nlp):
            show_component(pipe, nlp.config["training"])


def show_component(pipe: BertPipe, training: dict[str, Any]) -> None:
    """Print a component's parts, rates and memory. training: the config's block."""
    from ..learning.parameter_summary import summarize

    steps = int(training.get("max_steps") or 0)
    network, adaptation = pipe.network, pipe.shim.learner.adaptation
    parts = summarize(network.module, adaptation, steps=steps)
    msg.divider(pipe.name)
    msg.text(
        f"{type(network.module).__name__} on {pipe.shim.settings.encoder.name}, {type(adaptation).__name__}, "
        f"{network.device}, {network.precision}"
    )
    rate = peak_rate(training)
    _show_parts(parts, rate, float(training.get("optimizer", {}).get("weight_decay", 0.0)))
    if parts[0].name == "head" and pipe.has_labels and network.checkpoint.labels == UNKNOWN_LABELS:
        msg.info("The head is shown with two labels; the training data decides how many there are.")
    length = f"{steps:,} steps" if steps else "as many steps as the epochs have"
    msg.text(f"Training: {length}, learning rate up to {rate:g}")
    if _share(parts) < FEW_LEARN and rate < RATE_FOR_FEW:
        msg.info(f"So few parameters learn best at a higher rate, {RATE_FOR_FEW:g} or more, with AdamW")
    _show_memory(pipe, parts)


def peak_rate(training: dict[str, Any]) -> float:
    """Return the optimizer's learning rate, or where its schedule starts from or rises to."""
    rate = training.get("optimizer", {}).get("learn_rate", 0.0)
    return float(rate.get("initial_rate", 0.0)) if isinstance(rate, dict) else float(rate)


def _show_parts(parts: list[NetworkPart], rate: float, decay: float) -> None:
    total, learning = sum(part.parameters for part in parts), sum(part.learning for part in parts)
    rows = [_row(part, rate, decay) for part in parts]
    rows.append(("all", f"{total:,}", f"{learning:,}", f"{learning / total:.1%}", "", ""))
    print(table(rows, header=COLUMNS, divider=True, aligns=("l", "r", "r", "r", "l", "l")))


def _show_memory(pipe: BertPipe, parts: list[NetworkPart]) -> None:
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
