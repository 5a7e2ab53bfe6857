"""The settings of a network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from .architecture import Architecture


class NamedEncoder(Protocol):
    """Where hidden states come from. name: of the encoder, for messages."""

    @property
    def name(self) -> str:
        """The name."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NetworkSettings:
    """The settings of a network, as in the `model` block of a component's configuration.

    architecture: reads its module. encoder: where the hidden states come from.
    device: "auto", "cpu", "cuda:0", "mps". precision: "auto", "float32", "bfloat16", "float16".
    """

    architecture: Architecture
    encoder: NamedEncoder
    device: str = "auto"
    precision: str = "auto"
