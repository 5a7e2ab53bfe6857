"""`show`: what training will do to a network, before it runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from spacy import util
from spacy.cli._util import import_code, parse_config_overrides
from spacy.language import Language
from wasabi import msg, table

from ..errors import Errors, InvalidError, NotFoundError
from . import options

if TYPE_CHECKING:
    from ..component.base import BertPipe
    from ..learning.summary import Part

UNKNOWN_LABELS = ("label 1", "label 2")
MEGABYTE = 2**20
FEW_LEARN, RATE_FOR_FEW = 0.05, 1e-3


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
        nlp = load(path, parse_config_overrides(list(context.args)))
        for pipe in components(nlp):
            show_component(pipe, nlp.config["training"])


def load(path: str, overrides: dict[str, Any]) -> Language:
    """A pipeline whose BERT components have their networks, new ones where it is made of a config."""
    if path.endswith(".cfg") and not Path(path).is_file():
        raise NotFoundError(Errors.E520.format(path=path, cwd=Path.cwd()))
    if not Path(path).is_file():
        return util.load_model(path, config=overrides)
    config = util.load_config(path, overrides=overrides)
    nlp = util.load_model_from_config(config, auto_fill=True)
    for pipe in components(nlp):
        read_network(pipe)
    return nlp


def components(nlp: Language) -> list[BertPipe]:
    """The BERT components of a pipeline. Raises ValueError if there are none."""
    from ..component.base import BertPipe

    found = [pipe for _, pipe in nlp.pipeline if isinstance(pipe, BertPipe)]
    if not found:
        raise InvalidError(Errors.E516.format(found=nlp.pipe_names))
    return found


def read_network(pipe: BertPipe) -> None:
    """Give a component its encoder, with a head for two labels where only the data would tell the labels."""
    from ..network.checkpoint import read_encoder

    shim = pipe.shim
    checkpoint, has_head = read_encoder(shim.source, shim.auto_class, None)
    if not has_head:
        checkpoint, _ = read_encoder(shim.source, shim.auto_class, UNKNOWN_LABELS)
    shim.attach(checkpoint)


def show_component(pipe: BertPipe, training: dict[str, Any]) -> None:
    """Print a component's parts, rates and memory."""
    from ..learning.summary import estimate_memory, summarize

    shim, steps = pipe.shim, int(training.get("max_steps") or 0)
    shim.adapt()
    adaptation = shim.adaptation
    parts = summarize(shim.module, adaptation, steps=steps)
    budget = pipe.runner.max_batch_subwords
    memory = estimate_memory(shim.module, parts, subwords=budget, item_bytes=shim.dtype.itemsize if shim.dtype else 4)
    msg.divider(pipe.name)
    encoder = shim.source.name
    msg.text(
        f"{type(shim.module).__name__} on {encoder}, {type(adaptation).__name__}, {shim.device}, {_precision(pipe)}"
    )
    rate, decay = peak_rate(training), float(training.get("optimizer", {}).get("weight_decay", 0.0))
    rows = [_row(part, rate, decay) for part in parts]
    total, learning = (sum(getattr(part, field) for part in parts) for field in ("parameters", "learning"))
    rows.append(("all", f"{total:,}", f"{learning:,}", f"{learning / total:.1%}", "", ""))
    header = ("part", "parameters", "learning", "from step", "learning rate", "weight decay")
    print(table(rows, header=header, divider=True, aligns=("l", "r", "r", "r", "l", "l")))
    if parts[0].name == "head" and pipe.has_labels and pipe.labels == UNKNOWN_LABELS:
        msg.info("The head is shown for two labels: how many there are is the training data's to say.")
    length = f"{steps:,} steps" if steps else "as many steps as the epochs have"
    msg.text(f"Training: {length}, learning rate up to {rate:g}")
    if learning / total < FEW_LEARN and rate < RATE_FOR_FEW:
        msg.info(f"So few parameters learn best at a higher rate, {RATE_FOR_FEW:g} or more, with AdamW")
    found = {name: getattr(memory, name) for name in ("weights", "gradients", "moments", "activations", "total")}
    sizes = ", ".join(f"{name} {size / MEGABYTE:,.0f} MB" for name, size in found.items())
    msg.text(f"Memory, roughly: {sizes} ({budget:,} subwords at once); Python and its libraries come on top")


def peak_rate(training: dict[str, Any]) -> float:
    """The optimizer's learning rate, or where its schedule starts from or rises to."""
    rate = training.get("optimizer", {}).get("learn_rate", 0.0)
    return float(rate.get("initial_rate", 0.0)) if isinstance(rate, dict) else float(rate)


def _precision(pipe: BertPipe) -> str:
    return str(pipe.shim.dtype or "float32").removeprefix("torch.")


def _row(part: Part, rate: float, decay: float) -> tuple[str, ...]:
    if not part.learning:
        return part.name, f"{part.parameters:,}", "0", "", "frozen", ""
    rates = ", ".join(f"{rate * factor:.3g}" for factor in part.rates)
    decays = ", ".join(f"{decay * factor:.3g}" for factor in part.decays)
    return part.name, f"{part.parameters:,}", f"{part.learning:,}", str(part.first_step), rates, decays
