"""Ways to adapt a pretrained encoder to a task: which parameters learn, and how fast."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from torch import nn

from ..errors import Warnings, require
from ..network.activation_checkpointing import checkpoint_activations
from ..network.module_parts import Anatomy
from ..network.task_module import TaskModule


@dataclass(frozen=True, kw_only=True)
class Adaptation:
    """The base of all adaptations: the settings and methods that they share.

    layer_decay: each encoder layer learns at this share of the rate of the layer above it; the embeddings come last.
    head_factor: the head learns at this multiple of the rate.
    rates: multiples of the rate, by a regular expression that is searched for in the names of parameters. The last
    match counts, and replaces layer_decay and head_factor; 0 freezes the parameter.
    decays: multiples of the weight decay, in the same way; without a match 1 for matrices, 0 for biases and norms.
    frozen_dropout: whether frozen layers drop units in training; None: they do, except with HeadOnly.
    gradient_checkpointing: compute activations twice rather than keep them: less memory, more time.
    Raises ValueError for settings outside their range.
    """

    layer_decay: float = 1.0
    head_factor: float = 1.0
    rates: dict[str, float] | None = None
    decays: dict[str, float] | None = None
    frozen_dropout: bool | None = None
    gradient_checkpointing: bool = False

    def __post_init__(self) -> None:
        for setting, value in {"layer_decay": self.layer_decay, "head_factor": self.head_factor}.items():
            require(f"adapt.{setting}", value, possible=value > 0, remedy="use a number above 0")
        for setting, factors in {"rates": self.rates, "decays": self.decays}.items():
            for pattern, factor in (factors or {}).items():
                require(f"adapt.{setting}", pattern, possible=_is_pattern(pattern), remedy="use a regular expression")
                require(f"adapt.{setting}.{pattern}", factor, possible=factor >= 0, remedy="use 0 or more")

    @property
    def is_full(self) -> bool:
        """Whether the whole network learns, as it is."""
        return False

    @property
    def drops_when_frozen(self) -> bool:
        """Whether frozen layers drop units in training."""
        return self.frozen_dropout is not False

    @property
    def features_memory(self) -> int | None:
        """Megabytes of memory for the hidden states of a frozen encoder; None: they are not kept."""
        return None

    @property
    def saves_adapter(self) -> bool:
        """Whether the trained parameters are saved alone, without their encoder."""
        return False

    def learns(self, name: str, anatomy: Anatomy, step: int) -> bool:
        """Return whether a parameter learns from a step on, which is counted from 0."""
        return True

    def changes_at(self, step: int) -> bool:
        """Return whether other parameters learn from this step on than before."""
        return False

    def check(self, anatomy: Anatomy) -> None:
        """Raise ValueError if the settings make no sense for a network."""

    def prepare(self, module: TaskModule) -> None:
        """Change a network once, before anything learns. Warns of patterns that match no parameter."""
        self.check(Anatomy(module))
        names = [name for name, _ in module.named_parameters()]
        for setting, factors in {"rates": self.rates, "decays": self.decays}.items():
            for pattern in factors or {}:
                if not any(re.search(pattern, name) for name in names):
                    warnings.warn(
                        Warnings.W102.format(setting=setting, pattern=pattern, example=names[0]), stacklevel=2
                    )
        if self.gradient_checkpointing:
            checkpoint_activations(module.base_model)

    def freeze(self, module: TaskModule, step: int) -> None:
        """Mark the parameters that learn from a step on, and no others."""
        anatomy = Anatomy(module)
        for name, parameter in module.named_parameters():
            learns = self.learns(name, anatomy, step) and _last_match(self.rates, name) != 0
            parameter.requires_grad_(learns)

    def train(self, module: TaskModule) -> None:
        """Switch a network to training, with dropout in frozen layers only where that is wanted."""
        module.train()
        if not self.drops_when_frozen:
            for part in _frozen_parts(module):
                part.eval()

    def rate_factor(self, name: str, anatomy: Anatomy) -> float:
        """Return the multiple of the optimizer's learning rate at which a parameter learns."""
        selected = _last_match(self.rates, name)
        if selected is not None:
            return selected
        return self.head_factor if name in anatomy.head else self.layer_decay ** anatomy.height_below_top(name)

    def decay_factor(self, name: str, parameter: nn.Parameter) -> float:
        """Return the multiple of the optimizer's weight decay: none on biases and norms, which have one dimension."""
        selected = _last_match(self.decays, name)
        return selected if selected is not None else float(parameter.dim() > 1)


@dataclass(frozen=True, kw_only=True)
class FullFineTuning(Adaptation):
    """The whole network learns."""

    @property
    def is_full(self) -> bool:
        """Whether activations are kept, as they are without gradient checkpointing."""
        return not self.gradient_checkpointing


@dataclass(frozen=True, kw_only=True)
class HeadOnly(Adaptation):
    """Trains the head alone. The encoder is frozen, and runs once for each text and not once an epoch.

    pooler: whether the encoder's pooler learns too. cache: whether the encoder's hidden states are kept for the next
    epoch. cache_memory: megabytes of them that are held in memory; the rest goes to a temporary file.
    """

    pooler: bool = False
    cache: bool = True
    cache_memory: int = 1024

    def __post_init__(self) -> None:
        super().__post_init__()
        remedy = "use false, or cache = false"
        possible = not (self.cache and self.frozen_dropout)
        require("adapt.frozen_dropout", self.frozen_dropout, possible=possible, remedy=remedy)
        require("adapt.cache_memory", self.cache_memory, possible=self.cache_memory >= 0, remedy="use 0 or more")

    @property
    def drops_when_frozen(self) -> bool:
        """Whether the encoder drops units in training: only if that is set, as then no hidden states can be kept."""
        return bool(self.frozen_dropout)

    @property
    def features_memory(self) -> int | None:
        """The configured megabytes; None if the cache is off."""
        return self.cache_memory if self.cache else None

    def learns(self, name: str, anatomy: Anatomy, step: int) -> bool:
        """Return whether a parameter is of the head, or of the pooler if that is to learn."""
        return name in anatomy.head or (self.pooler and anatomy.is_pooler(name))


@dataclass(frozen=True, kw_only=True)
class TopLayers(Adaptation):
    """The head and the upper layers of the encoder learn; nothing is computed backward below them.

    n: how many layers. embeddings: whether these learn too, under the layers that are frozen.
    """

    n: int = 2
    embeddings: bool = False

    def check(self, anatomy: Anatomy) -> None:
        """Raise ValueError if there are not as many layers."""
        _check_layers("adapt.n", self.n, anatomy)

    def learns(self, name: str, anatomy: Anatomy, step: int) -> bool:
        """Return whether a parameter is of the head or near to it."""
        height = anatomy.height_below_top(name)
        return name in anatomy.head or height < self.n or (self.embeddings and height == anatomy.depth)


@dataclass(frozen=True, kw_only=True)
class GradualUnfreezing(Adaptation):
    """First the head learns, then one layer of the encoder more at a time, from the top; the embeddings come last.

    every: steps between two layers. at: instead, the steps at which one layer more learns; layers it has no step for
    stay frozen. As in Howard and Ruder (2018), who unfreeze one layer at each epoch.
    """

    every: int = 100
    at: list[int] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        require("adapt.every", self.every, possible=self.every > 0, remedy="use 1 or more")
        rises = all(first <= second for first, second in zip([0, *self._steps], self._steps, strict=False))
        require("adapt.at", self.at, possible=rises, remedy="use steps that rise, such as [100, 200]")

    @property
    def _steps(self) -> Sequence[int]:
        return self.at or []

    def check(self, anatomy: Anatomy) -> None:
        """Raise ValueError if there are more steps than parts to unfreeze."""
        _check_layers("adapt.at", len(self._steps), anatomy, extra_parts=1)

    def learns(self, name: str, anatomy: Anatomy, step: int) -> bool:
        """Return whether a parameter is of the head or of a layer that is unfrozen by then."""
        return name in anatomy.head or anatomy.height_below_top(name) < self._unfrozen(step)

    def changes_at(self, step: int) -> bool:
        """Return whether a layer is unfrozen at a step."""
        return step > 0 and self._unfrozen(step) != self._unfrozen(step - 1)

    def _unfrozen(self, step: int) -> int:
        """Return how many parts of the encoder learn: the layers, with the embeddings as one more."""
        return step // self.every if self.at is None else sum(at <= step for at in self.at)


def _check_layers(setting: str, count: int, anatomy: Anatomy, *, extra_parts: int = 0) -> None:
    maximum = anatomy.depth + extra_parts
    require(setting, count, possible=0 <= count <= maximum, remedy=f"the encoder has {maximum} to thaw")


def _is_pattern(pattern: str) -> bool:
    try:
        return bool(re.compile(pattern))
    except re.error:
        return False


def _last_match(factors: Mapping[str, float] | None, name: str) -> float | None:
    matching = [factor for pattern, factor in (factors or {}).items() if re.search(pattern, name)]
    return matching[-1] if matching else None


def _frozen_parts(module: nn.Module) -> list[nn.Module]:
    """Return the largest parts of a module that have parameters, none of which learns."""
    parameters = list(module.parameters())
    if not parameters:
        return []
    if not any(parameter.requires_grad for parameter in parameters):
        return [module]
    return [part for child in module.children() for part in _frozen_parts(child)]
