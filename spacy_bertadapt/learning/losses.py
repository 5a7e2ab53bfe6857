"""Losses over rows of logits, one row an example."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal, Protocol, TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor

from ..errors import require, require_at_least
from ..types import MULTI_LABEL, REGRESSION, SINGLE_LABEL, ProblemType

ClassWeights: TypeAlias = dict[str, float] | Literal["balanced"] | None


class SequenceLoss(Protocol):
    """A loss that a classifier, or a head that predicts numbers, learns from."""

    @property
    def class_weights(self) -> ClassWeights:
        """The configured class weights: by label, "balanced", or None."""

    @property
    def problem_type(self) -> ProblemType:
        """The kind of outputs that it is for."""

    def __call__(self, logits: Tensor, targets: Tensor, known: Tensor, weights: Tensor | None) -> Tensor:
        """Return the loss of every example, (texts,).

        logits, targets: (texts, labels). known: (texts, labels), 1.0 where there is gold.
        weights: (labels,) resolved class weights, or None.
        """


@dataclass(frozen=True, kw_only=True)
class _LossSettings:
    """The settings of both cross-entropies, described in `cross_entropy` and `binary_cross_entropy`."""

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

    problem_type: ClassVar[ProblemType] = SINGLE_LABEL

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

    problem_type: ClassVar[ProblemType] = MULTI_LABEL

    def __call__(self, logits: Tensor, targets: Tensor, known: Tensor, weights: Tensor | None) -> Tensor:
        """Return the loss of each example; class weights count positives alone, unknown labels nothing."""
        soft = targets * (1 - self.label_smoothing) + self.label_smoothing / 2
        terms = F.binary_cross_entropy_with_logits(logits, soft, pos_weight=weights, reduction="none")
        p = logits.sigmoid()
        terms = terms * _focal(torch.where(targets > 0.5, p, 1 - p), self.focal_gamma)
        return _mean_of_known(terms, known)


@dataclass(frozen=True, kw_only=True)
class MeanSquaredError:
    """The squared difference of outputs and gold numbers, averaged over the numbers of a text that have gold."""

    problem_type: ClassVar[ProblemType] = REGRESSION
    class_weights: ClassVar[ClassWeights] = None

    def __call__(self, logits: Tensor, targets: Tensor, known: Tensor, weights: Tensor | None) -> Tensor:
        """Return the loss of each example, in the square of the gold's unit; numbers without gold cost nothing."""
        return _mean_of_known((logits - targets) ** 2, known)


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


def mean_squared_error() -> SequenceLoss:
    """Return the mean squared error, for heads that predict numbers: Transformers' loss of a regression."""
    return MeanSquaredError()


USUAL_LOSSES: dict[ProblemType, SequenceLoss] = {
    loss.problem_type: loss for loss in (CrossEntropy(), BinaryCrossEntropy(), MeanSquaredError())
}
"""The loss that a head learns from where none is chosen."""


def checked_loss(loss: SequenceLoss | None, *, problem_type: ProblemType, reason: str) -> SequenceLoss:
    """Return a component's loss, or the usual one for None.

    problem_type: the kind of its outputs. reason: the start of the error's remedy, which says why.
    Raises ValueError for a loss of another kind.
    """
    usual = USUAL_LOSSES[problem_type]
    chosen = loss or usual
    remedy = f"{reason} use spacy-bertadapt.{type(usual).__name__}.v1"
    require("loss", type(loss).__name__, possible=chosen.problem_type == problem_type, remedy=remedy)
    return chosen


def _mean_of_known(terms: Tensor, known: Tensor) -> Tensor:
    """Return the mean of each row over the entries that are known, (rows,); 0 for a row without any."""
    return (terms * known).sum(-1) / known.sum(-1).clamp(min=1)


def _focal(p_gold: Tensor, gamma: float) -> Tensor | float:
    # Not 0: there the gradient of a power below 1 is infinite.
    return (1 - p_gold).clamp(min=torch.finfo(p_gold.dtype).tiny) ** gamma if gamma else 1.0
