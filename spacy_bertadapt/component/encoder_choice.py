"""What depends on whether a component's encoder is its own or a connected one."""

from __future__ import annotations

from collections.abc import Iterable

from spacy.tokens import Doc
from transformers import PretrainedConfig

from ..network.checkpoint import Checkpoint
from ..network.pretrained import NameOutputs
from .connected_encoder import ConnectedEncoder, ReadTexts
from .runner import Runner
from .shared.runner import runner_of
from .thinc_model import NetworkModel, shim_of
from .window_settings import WindowSettings


def make_runner(
    model: NetworkModel,
    windows: WindowSettings,
    *,
    read_texts: ReadTexts,
    windowed_segment: int,
    window_limit: int | None,
) -> Runner:
    """Return what sends a component's texts through its network. Arguments: see `ConnectedEncoder` and `Runner`."""
    shim = shim_of(model)
    encoder = shim.settings.encoder
    if isinstance(encoder, ConnectedEncoder):
        return encoder.make_runner(model, windows, read_texts=read_texts, windowed_segment=windowed_segment)
    return runner_of(shim, windows, windowed_segment=windowed_segment, window_limit=window_limit)


def read_network(
    model: NetworkModel, labels: NameOutputs | None, docs: Iterable[Doc], *, segments: int
) -> tuple[Checkpoint, bool]:
    """Return the network of a component, from its pretrained encoder, and whether its head is a trained one.

    Arguments: see `ConnectedEncoder.read`. Raises FileNotFoundError or ValueError if there is no such encoder.
    """
    shim = shim_of(model)
    if isinstance(shim.settings.encoder, ConnectedEncoder):
        return shim.settings.encoder.read(model, shim.settings, labels, docs, segments=segments), False
    return shim.read_pretrained(labels)


def pretrained_config(model: NetworkModel) -> PretrainedConfig | None:
    """Return the configuration of a pretrained encoder; None for a connected one, which has no head of its own.

    Raises FileNotFoundError or ValueError if there is no such encoder.
    """
    shim = shim_of(model)
    return None if isinstance(shim.settings.encoder, ConnectedEncoder) else shim.read_pretrained_config()
