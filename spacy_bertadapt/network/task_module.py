"""The module of a task: a Transformers class, or a Transformers encoder with a head of this package."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

from torch import Tensor, nn
from transformers import PretrainedConfig, PreTrainedModel

from .head_files import write_head

ENCODER_FILE = "model.safetensors"
ENCODER, HEAD = "encoder", "head"


class EncoderWithHead(nn.Module):
    """A Transformers encoder and a head of this package, with the interface of Transformers' task classes.

    `head(states, attention_mask, **head_inputs)` takes hidden states, (rows, width, hidden), and returns logits.
    """

    base_model_prefix = ENCODER

    def __init__(self, encoder: PreTrainedModel, head: nn.Module):
        """Join the two; both keep their weights."""
        super().__init__()
        self.encoder = encoder
        self.head = head

    @property
    def base_model(self) -> PreTrainedModel:
        """The encoder, under the name that Transformers' classes give it."""
        return self.encoder

    @property
    def config(self) -> PretrainedConfig:
        """The encoder's configuration, with the labels of the head."""
        return self.encoder.config

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
        **head_inputs: Tensor,
    ) -> dict[str, Tensor]:
        """Return the head's logits. head_inputs: further arguments of the head, such as the spans to score."""
        types = {} if token_type_ids is None else {"token_type_ids": token_type_ids}
        states = self.encoder(input_ids, attention_mask=attention_mask, **types)[0]
        return {"logits": self.head(states, attention_mask, **head_inputs)}

    def save_pretrained(
        self, folder: Path, *, state_dict: Mapping[str, Tensor] | None = None, max_shard_size: str = "1000GB"
    ) -> None:
        """Write the encoder as a checkpoint that `AutoModel` reads, and the head's weights beside it."""
        weights = self.state_dict() if state_dict is None else state_dict
        self.encoder.save_pretrained(folder, state_dict=part_of(weights, ENCODER), max_shard_size=max_shard_size)
        write_head(part_of(weights, HEAD), Path(folder))


TaskModule: TypeAlias = PreTrainedModel | EncoderWithHead


def part_of(weights: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """Return the weights whose names start with a part's name, without it."""
    return {name.removeprefix(f"{prefix}."): w for name, w in weights.items() if name.startswith(f"{prefix}.")}
