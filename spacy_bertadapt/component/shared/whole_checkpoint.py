"""Checkpoints of heads with the encoder that they share."""

from __future__ import annotations

from typing import cast

from transformers import PreTrainedModel

from ...learning.lora import has_adapter, remove_adapter
from ...network.checkpoint import Checkpoint
from ...network.head_side import with_encoder
from ...network.task_module import TaskModule


def join(head: TaskModule, encoder: Checkpoint) -> Checkpoint:
    """Return a copy of a head with an encoder, which becomes a part of it; LoRA's matrices are merged into it."""
    if has_adapter(encoder.module):
        remove_adapter(encoder.module, merge=True)
    return Checkpoint(with_encoder(head, cast(PreTrainedModel, encoder.module.base_model)), encoder.tokenizer)
