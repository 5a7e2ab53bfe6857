"""The settings of a network."""

from __future__ import annotations

from dataclasses import dataclass

from .architecture import Architecture
from .encoder_source import EncoderSource, SharedEncoder


@dataclass(frozen=True, kw_only=True, slots=True)
class NetworkSettings:
    """The settings of a network, as in the `model` block of a component's configuration.

    architecture: reads its module. encoder: where the pretrained weights come from, or
    the component that has the encoder.
    device: "auto", "cpu", "cuda:0", "mps". precision: "auto", "float32", "bfloat16", "float16".
    """

    architecture: Architecture
    encoder: EncoderSource | SharedEncoder
    device: str = "auto"
    precision: str = "auto"
