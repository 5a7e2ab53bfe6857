"""Losses over rows of logits, one row an example."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal, Protocol, TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor

from ..errors import require, require_at_least

ClassWeights: TypeAlias = dict[str, float] | Literal["balanced"] | None


class SequenceLoss(Protocol):
    """A loss that a classifier learns from."""

    @property
    def class_weights(self) -> ClassWeights:
        """The configured class weights: by label, "balanced", or None."""

    @property
    def exclusive(self) -> bool:
        """Whether exactly one label holds for a text."""

    def __call__(self, logits: Tensor, targets: Tensor, known: Tensor, weights: Tensor | None) -> Tensor:
        """Return the loss of every example, (texts,).

        logits, targets: (texts, labels). known: (texts, labels), 1.0 where there is gold.
        weights: (labels,) resolved class weights, or None.
        """


@dataclass(frozen=True, kw_only=True)
class _LossSettings:
    """The settings of both losses, described in `cross_entropy` and `binary_cross_entropy`."""

    class_weights: ClassWeights = None
    label_smoothing: float = 0.0
    focal_gamma: float = 0.0

    def __post_init__(self) -> None:
        possible = 0 <= self.label_smoothing < 1
        require("label_smoothing", self.label_smoothing, possible=possible, remedy="use 0 ≤ label_smoothing < 1")
        require_at_least("focal_gamma", self.focal_gamma, 0)


@dataclass(frozen=True, kw_only=True)
class CrossEntropy(_LossSettings):
    """Cross-entropy over exclusive labels."""

    exclusive: ClassVar[bool] = True

    def __call__(self, logits: Tensor, targets: Tensor, known: Tensor, weights: Tensor | None) -> Tensor:
        """Return the loss of each example; a row without a gold label (all targets 0) costs nothing."""
        log_p = F.log_softmax(logits, dim=-1)
        annotated = targets.sum(-1)
        smooth = self.label_smoothing
        soft = targets * (1 - smooth) + smooth / logits.shape[-1] * annotated[:, None]
        terms = -soft * log_p
        if weights is not None:
            terms = terms * weights
        return terms.sum(-1) * _focal((targets * log_p).sum(-1).exp(), self.focal_gamma)


@dataclass(frozen=True, kw_only=True)
class BinaryCrossEntropy(_LossSettings):
    """Binary cross-entropy for several labels a text, averaged over the labels that have gold."""

    exclusive: ClassVar[bool] = False

    def __call__(self, logits: Tensor, targets: Tensor, known: Tensor, weights: Tensor | None) -> Tensor:
        """Return the loss of each example; class weights count positives alone, unknown labels nothing."""
        soft = targets * (1 - self.label_smoothing) + self.label_smoothing / 2
        terms = F.binary_cross_entropy_with_logits(logits, soft, pos_weight=weights, reduction="none")
        p = logits.sigmoid()
        terms = terms * _focal(torch.where(targets > 0.5, p, 1 - p), self.focal_gamma)
        return (terms * known).sum(-1) / known.sum(-1).clamp(min=1)


def cross_entropy(
    class_weights: ClassWeights = None, label_smoothing: float = 0.0, focal_gamma: float = 0.0
) -> SequenceLoss:
    """Return cross-entropy, for exclusive labels.

    class_weights: {"label": weight}, "balanced" (texts / (labels * texts with the label)), or null.
    label_smoothing: share of the target spread over all labels. focal_gamma: 0 is plain cross-entropy;
    2 gives more weight to examples that are still predicted wrongly (Lin et al., 2017).
    """
    return CrossEntropy(class_weights=class_weights, label_smoothing=label_smoothing, focal_gamma=focal_gamma)


def binary_cross_entropy(
    class_weights: ClassWeights = None, label_smoothing: float = 0.0, focal_gamma: float = 0.0
) -> SequenceLoss:
    """Return binary cross-entropy, for labels that don't exclude each other.

    class_weights: the weight of a label's positives: {"label": weight}, "balanced"
    (texts without / texts with the label), or null. The other arguments: as in CrossEntropy.v1.
    """
    return BinaryCrossEntropy(class_weights=class_weights, label_smoothing=label_smoothing, focal_gamma=focal_gamma)


def checked_loss(loss: SequenceLoss | None, *, exclusive: bool, reason: str) -> SequenceLoss:
    """Return a component's loss, or the usual one for None.

    exclusive: whether exactly one label holds. reason: the start of the error's remedy, which says why.
    Raises ValueError for a loss of the other kind.
    """
    usual: SequenceLoss = CrossEntropy() if exclusive else BinaryCrossEntropy()
    chosen = loss or usual
    remedy = f"{reason} use spacy-bertadapt.{type(usual).__name__}.v1"
    require("loss", type(loss).__name__, possible=chosen.exclusive == exclusive, remedy=remedy)
    return chosen


def _focal(p_gold: Tensor, gamma: float) -> Tensor | float:
    # Not 0: there the gradient of a power below 1 is infinite.
    return (1 - p_gold).clamp(min=torch.finfo(p_gold.dtype).tiny) ** gamma if gamma else 1.0
