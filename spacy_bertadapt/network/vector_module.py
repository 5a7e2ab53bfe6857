"""The network of a task whose hidden states are vectors of tokens, computed elsewhere: a head alone."""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import Tensor, nn
from transformers import PretrainedConfig, PreTrainedModel

from .architecture import Architecture
from .network import Network
from .task_module import EncoderWithHead
from .token_vectors import vectors_of
from .vector_heads import VectorHeadConfig


class NoEncoder(nn.Module):
    """Stands where other modules have their encoder, for the configuration alone."""

    def __init__(self, config: VectorHeadConfig):
        super().__init__()
        self.config = config


class VectorModule(EncoderWithHead):
    """A head of this package, on states that are handed to it: see `encoder_head_seam.apply_head`."""

    def __init__(self, config: VectorHeadConfig, head: nn.Module):
        """config: what the head was made for."""
        super().__init__(cast(PreTrainedModel, NoEncoder(config)), head)

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
        **head_inputs: Tensor,
    ) -> dict[str, Tensor]:
        """Return the head's logits. head_inputs: as in `EncoderWithHead`."""
        states = self.encoder(input_ids)[0]
        types = {} if token_type_ids is None else {"token_type_ids": token_type_ids}
        return {"logits": self.head(states, attention_mask, **types, **head_inputs)}


class VectorNetwork(Network):
    """A network whose hidden states are the vectors of its batches, which are `PaddedVectors`."""

    def move(self, device: torch.device) -> None:
        """Move the network to a device, and choose the number format for that device."""
        super().move(device)
        config: Any = self.module.config
        self._takes_types = config.segments > 1
        self.encoder = vectors_of


def vector_module(architecture: Architecture, config: VectorHeadConfig) -> VectorModule:
    """Return a new module for an architecture's task."""
    return VectorModule(config, architecture.vector_head(cast(PretrainedConfig, config)))
