"""What an adaptation will do to a network: which parameters learn, how fast, and how much memory that takes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from torch import nn

from ..network.module_parts import Anatomy, layer_number
from ..network.task_module import TaskModule
from .adaptation import Adaptation

HEAD, POOLER, EMBEDDINGS, REST = "head", "pooler", "embeddings", "other"
FEW_LEARN, RATE_FOR_FEW = 0.05, 1e-3  # below this share of its parameters, a network learns best at such a rate
LATEST_STEP = 2**62
FLOAT32 = 4  # bytes of a weight, a gradient, or one of AdamW's two moments
# Bytes of a subword, layer and hidden unit in 16 bits (Korthikanti et al., 2022), without those of attention itself.
ACTIVATION_BYTES = 34


@dataclass(frozen=True, slots=True)
class NetworkPart:
    """A part of a network: the head, a layer, the embeddings.

    parameters: how many there are. learning: how many of them learn by the end of the training. rates, decays: the
    multiples of the optimizer's learning rate and weight decay that apply to them. first_step: the step from which on
    any learns; None: never.
    """

    name: str
    parameters: int
    learning: int
    rates: tuple[float, ...]
    decays: tuple[float, ...]
    first_step: int | None


@dataclass(frozen=True, slots=True)
class Memory:
    """Estimated bytes that training takes."""

    weights: int
    gradients: int
    moments: int
    activations: int

    @property
    def total(self) -> int:
        """The sum of the four, in bytes."""
        return self.weights + self.gradients + self.moments + self.activations


def summarize(module: TaskModule, adaptation: Adaptation, *, steps: int) -> list[NetworkPart]:
    """Return the parts of a network from top to bottom. steps: of the training, as layers may unfreeze in it."""
    anatomy = Anatomy(module)
    changes = [0, *(step for step in range(1, steps) if adaptation.changes_at(step))]
    rows: dict[str, list[tuple[str, nn.Parameter]]] = {}
    for name, parameter in module.named_parameters():
        rows.setdefault(_part_of(name, anatomy), []).append((name, parameter))
    order = [HEAD, POOLER, REST, *(f"layer {number}" for number in reversed(range(anatomy.depth))), EMBEDDINGS]
    return [_summary(part, rows[part], adaptation, anatomy, changes) for part in order if part in rows]


def share_learning_in_the_end(module: TaskModule, adaptation: Adaptation) -> float:
    """Return the share of the parameters that learn once all that thaws has thawed."""
    anatomy, learning, total = Anatomy(module), 0, 0
    for name, parameter in module.named_parameters():
        total += parameter.numel()
        if adaptation.learns(name, anatomy, LATEST_STEP) and adaptation.rate_factor(name, anatomy):
            learning += parameter.numel()
    return learning / total


def estimate_memory(module: TaskModule, parts: Iterable[NetworkPart], *, subwords: int, item_bytes: int) -> Memory:
    """Estimate the bytes of training with AdamW.

    subwords: how many go through the network at once. item_bytes: bytes of a number in a layer, by the precision.
    """
    parts = list(parts)
    learning = sum(part.learning for part in parts)
    layers = [part for part in parts if part.name.startswith("layer ")]
    lowest = [number for number, part in enumerate([*layers, parts[-1]]) if part.learning]
    through = min(len(layers), 1 + max(lowest, default=-1))
    hidden = int(getattr(module.config, "hidden_size", 0) or getattr(module.config, "dim", 0))
    return Memory(
        weights=FLOAT32 * sum(part.parameters for part in parts),
        gradients=FLOAT32 * learning,
        moments=2 * FLOAT32 * learning,
        activations=ACTIVATION_BYTES * item_bytes // 2 * subwords * hidden * max(1, through),
    )


def _part_of(name: str, anatomy: Anatomy) -> str:
    if name in anatomy.head:
        return HEAD
    if anatomy.is_pooler(name):
        return POOLER
    number = layer_number(name)
    if number is not None:
        return f"layer {number}"
    return EMBEDDINGS if anatomy.height_below_top(name) else REST


def _summary(
    part: str, rows: list[tuple[str, nn.Parameter]], adaptation: Adaptation, anatomy: Anatomy, changes: list[int]
) -> NetworkPart:
    first = {name: next((step for step in changes if adaptation.learns(name, anatomy, step)), None) for name, _ in rows}
    rates = {name: adaptation.rate_factor(name, anatomy) for name, _ in rows}
    learning = [(name, parameter) for name, parameter in rows if first[name] is not None and rates[name]]
    return NetworkPart(
        part,
        sum(parameter.numel() for _, parameter in rows),
        sum(parameter.numel() for _, parameter in learning),
        tuple(sorted({rates[name] for name, _ in learning}, reverse=True)),
        tuple(sorted({adaptation.decay_factor(*row) for row in learning}, reverse=True)),
        min((first[name] for name, _ in learning), default=None),  # type: ignore[type-var]
    )
