"""Low-rank adaptation: a frozen encoder with small trained matrices beside its weights, through `peft`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn

from ..errors import Errors, InvalidError, MissingPackageError, require, require_at_least
from ..network.module_parts import Anatomy
from ..network.task_module import TaskModule
from ..network.transformers_calls import first_line, loading
from .adaptation import Adaptation

ADAPTER = "default"  # peft's name for the only adapter of a network
POOLER = r"(.*\.)?pooler\..*"  # learns as a whole


@dataclass(frozen=True, kw_only=True)
class Lora(Adaptation):
    """Trains pairs of small matrices instead of the encoder's weights (Hu et al., 2021), and the head and the pooler.

    r: the rank of the matrices. alpha: their output is multiplied by alpha / r. dropout: the rate on their input.
    target_modules: the linear layers of the encoder that get them, by the ends of their names; None: peft's choice for
    the architecture, for BERT `query` and `value`. save: "merged" writes an ordinary checkpoint with the matrices
    merged into the weights; "adapter" writes the trained parameters alone, with the name and checksum of the encoder.
    """

    r: int = 8
    alpha: float = 16.0
    dropout: float = 0.0
    target_modules: list[str] | None = None
    save: Literal["merged", "adapter"] = "merged"

    def __post_init__(self) -> None:
        super().__post_init__()
        require_at_least("adapt.r", self.r, 1)
        require("adapt.dropout", self.dropout, possible=0 <= self.dropout < 1, remedy="use 0 ≤ rate < 1")
        require("adapt.save", self.save, possible=self.save in ("merged", "adapter"), remedy="use merged or adapter")

    @property
    def saves_adapter(self) -> bool:
        """Whether `save` is "adapter"."""
        return self.save == "adapter"

    def prepare(self, module: TaskModule) -> None:
        """Add the matrices, unless they are there. Raises ImportError without peft, ValueError if no layer fits."""
        if not has_adapter(module):
            self.add_matrices(module)
        super().prepare(module)

    def add_matrices(self, module: TaskModule, *, without_memory: bool = False) -> None:
        """Add the matrices to the encoder of a network, whose outputs stay the same until they are trained.

        without_memory: whether they are on torch's "meta" device, to be replaced by matrices that were saved.
        Raises ImportError without peft, ValueError if no layer fits.
        """
        require_peft()
        from peft import LoraConfig, inject_adapter_in_model

        config = LoraConfig(
            r=self.r,
            lora_alpha=self.alpha,  # type: ignore[arg-type]
            lora_dropout=self.dropout,
            target_modules=self.target_modules,
            exclude_modules=POOLER if _has_pooler(module) else None,
        )
        try:
            with loading(), torch.device("meta") if without_memory else nullcontext():
                inject_adapter_in_model(config, module.base_model, adapter_name=ADAPTER)
        except ValueError as err:
            raise InvalidError(Errors.E115.format(name=module.config.model_type, reason=first_line(err))) from err

    def learns(self, name: str, anatomy: Anatomy, step: int) -> bool:
        """Return whether a parameter is of the matrices, the head or the pooler."""
        return is_learned(name, anatomy)


def has_adapter(module: nn.Module) -> bool:
    """Return whether a network has LoRA's matrices."""
    return any(hasattr(part, "lora_A") for part in module.modules())


def check_same(module: nn.Module, adaptation: Adaptation, path: Path) -> None:
    """Raise ValueError if a network's matrices were trained with other numbers than an adaptation has.

    path: the folder that the network was read from.
    """
    if not isinstance(adaptation, Lora):
        return
    for _, layer in _lora_layers(module):
        dropout = getattr(layer.lora_dropout[ADAPTER], "p", 0.0)  # without dropout it is an identity
        trained = {"r": layer.r[ADAPTER], "alpha": layer.lora_alpha[ADAPTER], "dropout": dropout}
        for setting, saved in trained.items():
            given = getattr(adaptation, setting)
            if given != saved:
                raise InvalidError(Errors.E139.format(setting=setting, given=given, path=path, saved=saved))


def is_learned(name: str, anatomy: Anatomy) -> bool:
    """Return whether LoRA trains a parameter, and so has to save it."""
    return ".lora_" in name or name in anatomy.head or anatomy.is_pooler(name)


def remove_adapter(module: TaskModule, *, merge: bool) -> None:
    """Remove LoRA's matrices from a network. merge: whether they are merged into its weights first.

    Raises ValueError if it has none.
    """
    layers = dict(_lora_layers(module))
    if not layers:
        raise InvalidError(Errors.E118.format(name=module.config.model_type))
    for name, layer in layers.items():
        if merge:
            layer.merge()
        parent, _, attribute = name.rpartition(".")
        setattr(module.get_submodule(parent), attribute, layer.get_base_layer())
    del module.base_model.peft_config


def merged_weights(module: TaskModule) -> dict[str, Tensor]:
    """Return the weights of a network as `remove_adapter` with `merge` leaves them; the network stays as it is."""
    weights = {plain_name(name): weight for name, weight in module.state_dict().items() if ".lora_" not in name}
    for name, layer in _lora_layers(module):
        weights[f"{name}.weight"] = weights[f"{name}.weight"] + layer.get_delta_weight(ADAPTER)
    return weights


def _lora_layers(module: nn.Module) -> Iterator[tuple[str, Any]]:
    return ((name, part) for name, part in list(module.named_modules()) if hasattr(part, "lora_A"))


def _has_pooler(module: TaskModule) -> bool:
    return any(name.startswith("pooler.") for name, _ in module.base_model.named_parameters())


def plain_name(name: str) -> str:
    """Return a parameter's name in a network without an adapter."""
    return name.replace(".base_layer.", ".")


def require_peft() -> None:
    """Raise ImportError where peft is not installed."""
    if find_spec("peft") is None:
        raise MissingPackageError(Errors.E114)
