"""The module of an encoder that several heads share: a Transformers encoder without a head."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor, nn
from transformers import PretrainedConfig, PreTrainedModel

from .architecture import AutoClass, ModuleRead
from .task_module import ENCODER, ENCODER_FILE, EncoderWithHead, TaskModule, part_of

READS = AutoClass("AutoModel")


class NoHead(nn.Module):
    """Returns the hidden states as they are."""

    def forward(self, states: Tensor, attention_mask: Tensor | None) -> Tensor:
        """Return the states, (rows, width, hidden)."""
        return states


class EncoderModule(EncoderWithHead):
    """A Transformers encoder alone: its outputs are its hidden states, and it is saved as `AutoModel` reads it."""

    def __init__(self, encoder: PreTrainedModel):
        """Take an encoder, which keeps its weights, those of its pooler too."""
        super().__init__(encoder, NoHead())

    def save_pretrained(
        self, folder: Path, *, state_dict: Mapping[str, Tensor] | None = None, max_shard_size: str = "1000GB"
    ) -> None:
        """Write the encoder as a checkpoint that `AutoModel` reads."""
        weights = self.state_dict() if state_dict is None else state_dict
        self.encoder.save_pretrained(folder, state_dict=part_of(weights, ENCODER), max_shard_size=max_shard_size)


@dataclass(frozen=True, slots=True)
class EncoderOnly:
    """The architecture of an `EncoderModule`."""

    @property
    def weight_files(self) -> tuple[str, ...]:
        """The encoder's file."""
        return (ENCODER_FILE,)

    def file_of(self, parameter: str) -> str:
        """Return that file."""
        return ENCODER_FILE

    def read(self, name: str, config: PretrainedConfig, **settings: Any) -> ModuleRead:
        """Read the encoder as `AutoModel` does."""
        read = READS.read(name, config, **settings)
        keys = (read.missing, read.mismatched, read.unexpected)
        names = ({f"{ENCODER}.{key}" for key in part} for part in keys)
        return ModuleRead(EncoderModule(read.module), *names)  # type: ignore[arg-type]

    def build(self, config: PretrainedConfig) -> TaskModule:
        """Return a new encoder of a configuration."""
        return EncoderModule(READS.build(config))  # type: ignore[arg-type]

    def vector_head(self, config: PretrainedConfig) -> nn.Module:
        """Return a head that leaves vectors as they are."""
        return NoHead()

    def is_trained(self, config: PretrainedConfig) -> bool:
        """Return True: there is no head to be trained."""
        return True
