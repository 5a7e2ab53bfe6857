"""Architectures: they read the module of a task from a checkpoint."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol, cast

import transformers
from safetensors.torch import load_file
from torch import nn
from transformers import PretrainedConfig, PreTrainedModel
from transformers.utils import cached_file

from .head_files import HEAD_FILE
from .task_module import ENCODER_FILE, HEAD, EncoderWithHead, TaskModule
from .transformers_calls import loading
from .vector_heads import VECTOR_HEADS, VectorHeadConfig


class ModuleRead(NamedTuple):
    """A module, and the names of parameters for which the checkpoint had no weights (or others than those asked for).

    missing: not in the checkpoint. mismatched: of another shape there. unexpected: in the checkpoint alone.
    """

    module: TaskModule
    missing: set[str]
    mismatched: set[str]
    unexpected: set[str]


class Architecture(Protocol):
    """Reads the module of a task."""

    @property
    def weight_files(self) -> tuple[str, ...]:
        """The names of the files with weights in a saved folder."""

    def file_of(self, parameter: str) -> str:
        """Return which of them a parameter is in, by its name in the module."""

    def read(self, name: str, config: PretrainedConfig, **settings: Any) -> ModuleRead:
        """Read a module, with new parameters where the checkpoint has none.

        name: a hub id or a directory. settings: as Transformers' `from_pretrained` takes them.
        Raises what Transformers does.
        """

    def build(self, config: PretrainedConfig) -> TaskModule:
        """Return a new module of a configuration."""

    def vector_head(self, config: PretrainedConfig) -> nn.Module:
        """Return a new head for the task, on vectors of tokens. config: a `VectorHeadConfig`."""

    def is_trained(self, config: PretrainedConfig) -> bool:
        """Return whether a checkpoint may have a trained head for the task: its config names such a class, or none."""


@dataclass(frozen=True, slots=True)
class AutoClass:
    """One of Transformers' task classes. name: such as "AutoModelForSequenceClassification"."""

    name: str

    @property
    def weight_files(self) -> tuple[str, ...]:
        """One file for encoder and head."""
        return (ENCODER_FILE,)

    def file_of(self, parameter: str) -> str:
        """Return that file."""
        return ENCODER_FILE

    def read(self, name: str, config: PretrainedConfig, **settings: Any) -> ModuleRead:
        """Read encoder and head as Transformers does."""
        return _read(self.name, name, config, **settings)

    def build(self, config: PretrainedConfig) -> TaskModule:
        """Return a new module of a configuration."""
        return _build(self.name, config)

    def vector_head(self, config: PretrainedConfig) -> nn.Module:
        """Return a new head of this package that does the same on vectors of tokens."""
        return VECTOR_HEADS[self.name](cast(VectorHeadConfig, config))

    def is_trained(self, config: PretrainedConfig) -> bool:
        """Return whether the checkpoint names the task's class: a tagger's head may have a classifier's shape."""
        task = self.name.removeprefix("AutoModel")
        tasks = (task, "ForPreTraining") if task == "ForMaskedLM" else (task,)  # BERT's first head is for masks too
        return not config.architectures or any(name.endswith(tasks) for name in config.architectures)


@dataclass(frozen=True, slots=True)
class OwnHead:
    """A head of ours on the encoder that `AutoModel` reads. make: gives a new head for an encoder's configuration."""

    make: Callable[[PretrainedConfig], nn.Module]

    @property
    def weight_files(self) -> tuple[str, ...]:
        """The encoder's file, and the head's beside it."""
        return (ENCODER_FILE, HEAD_FILE)

    def file_of(self, parameter: str) -> str:
        """Return the file of the part that a parameter is in."""
        return HEAD_FILE if parameter.startswith(f"{HEAD}.") else ENCODER_FILE

    def read(self, name: str, config: PretrainedConfig, **settings: Any) -> ModuleRead:
        """Read the encoder, and the head beside it if it is there and fits."""
        encoder = _read("AutoModel", name, config, **settings)
        with loading():
            head = self.make(config)
        file = file_in(name, HEAD_FILE, revision=settings.get("revision"))
        weights = {} if file is None else load_file(file)
        own = head.state_dict()
        fitting = {key: w for key, w in weights.items() if key in own and own[key].shape == w.shape}
        head.load_state_dict(fitting, strict=False)  # what is missing is named below
        return ModuleRead(
            EncoderWithHead(encoder.module, head),  # type: ignore[arg-type]
            {f"encoder.{key}" for key in encoder.missing} | {f"{HEAD}.{key}" for key in own.keys() - weights.keys()},
            {f"encoder.{key}" for key in encoder.mismatched}
            | {f"{HEAD}.{key}" for key in (own.keys() & weights.keys()) - fitting.keys()},
            encoder.unexpected | {f"{HEAD}.{key}" for key in weights.keys() - own.keys()},
        )

    def build(self, config: PretrainedConfig) -> TaskModule:
        """Return a new encoder of a configuration, with a new head."""
        return EncoderWithHead(_build("AutoModel", config), self.make(config))

    def vector_head(self, config: PretrainedConfig) -> nn.Module:
        """Return a new head: it needs no more of a configuration than vectors have too."""
        return self.make(config)

    def is_trained(self, config: PretrainedConfig) -> bool:
        """Return True, as the config does not say; `read` reports a head that is missing."""
        return True


def _build(auto_class: str, config: PretrainedConfig) -> PreTrainedModel:
    return getattr(transformers, auto_class).from_config(config, trust_remote_code=False)


def _read(auto_class: str, name: str, config: PretrainedConfig, **settings: Any) -> ModuleRead:
    with loading():
        module, info = getattr(transformers, auto_class).from_pretrained(
            name, config=config, output_loading_info=True, trust_remote_code=False, **settings
        )
    keys = (info["missing_keys"], info["mismatched_keys"], info["unexpected_keys"])
    return ModuleRead(module.float(), *map(_names, keys))


def _names(keys: Iterable[str | tuple]) -> set[str]:
    """Return parameters' names; Transformers reports mismatched ones with their shapes."""
    return {key[0] if isinstance(key, tuple) else key for key in keys}


def file_in(name: str, file: str, *, revision: str | None = None) -> Path | None:
    """Return the path of a file of a checkpoint, or None if it has no such file. name: a hub id or a directory."""
    if Path(name).is_dir():
        return path if (path := Path(name) / file).is_file() else None
    cached = cached_file(name, file, revision=revision, _raise_exceptions_for_missing_entries=False)
    return None if cached is None else Path(cached)
