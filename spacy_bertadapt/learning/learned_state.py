"""All that a learner has learned, to the bit: weights, moments and counts, as tensors by name."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from ..types import SupportsStep
from .learner import Learner
from .loss_scale import LossScale, loss_scale

WEIGHTS, MOMENTS, SCALE, FEATURES, STEPS = "weights.", "moments.", "loss_scale.", "features.", "steps"


def learned_state(learner: Learner) -> dict[str, Tensor]:
    """Return the weights of a network as they are in training, its optimizer's moments, its steps, its kept features.

    LoRA's matrices stand beside the weights that they change. The tensors are those that learn, and no copies.
    """
    weights = {f"{WEIGHTS}{name}": weight for name, weight in _weights_of(learner).items()}
    moments = {f"{MOMENTS}{name}": value for name, value in learner.moments().items()}
    scale = learner.scale.state() if isinstance(learner.scale, LossScale) else {}
    scales = {f"{SCALE}{name}": value for name, value in scale.items()}
    kept = learner.features.state() if learner.features else {}
    features = {f"{FEATURES}{name}": value for name, value in kept.items()}
    return {**weights, **moments, **scales, **features, STEPS: torch.tensor(learner.steps)}


def with_features(state: Mapping[str, Tensor], features: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return what `learned_state` returned, with other kept features in the place of its own."""
    others = {name: value for name, value in state.items() if not name.startswith(FEATURES)}
    return {**others, **{f"{FEATURES}{name}": value for name, value in features.items()}}


def restore_learned(learner: Learner, state: Mapping[str, Tensor], optimizer: SupportsStep) -> None:
    """Take over what `learned_state` returned for the same network. optimizer: the one that will step.

    Raises KeyError or ValueError for what is not of this network.
    """
    weights = _of(state, WEIGHTS)
    own = _weights_of(learner)
    if mismatched := sorted(weights.keys() ^ own.keys()):
        raise ValueError(f"{mismatched[0]} is in one of the two alone")
    with torch.no_grad():
        for name, weight in own.items():
            if weight.shape != weights[name].shape:
                raise ValueError(f"{name} has another shape")
            weight.copy_(weights[name])
    learner.restore(_of(state, MOMENTS), optimizer, steps=int(state[STEPS]))
    if scale := _of(state, SCALE):
        network = learner.network
        learner.scale = loss_scale(network.device, network.dtype, int(scale["count"]))
        if isinstance(learner.scale, LossScale):
            learner.scale.restore(scale)
    learner.network.note_change()
    if features := _of(state, FEATURES):
        learner.keep_features()
        assert learner.features is not None
        learner.features.restore(features)


def _weights_of(learner: Learner) -> dict[str, Tensor]:
    module = learner.network.module
    return {**dict(module.named_parameters()), **dict(module.named_buffers())}


def _of(state: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)}
