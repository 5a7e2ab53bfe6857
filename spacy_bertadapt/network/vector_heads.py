"""Heads on vectors of tokens that somebody else computes: a classifier, a tagger, and a finder of answers.

Unlike the heads of Transformers' task classes, they have a hidden layer: the vectors may be frozen, or made for other
tasks. A head that takes states, (rows, width, hidden), finds the tokens of a text in the columns from 1 on; column 0
stands for the text as a whole, and its state is zero.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass
class VectorHeadConfig:
    """The sizes and labels that a head on vectors is made for, with the names that Transformers' configurations have.

    id2label: the names of its outputs. hidden_size: the width of the vectors. segments: 2 for pairs of texts, else 1.
    problem_type: as in Transformers. hidden_dropout_prob: the share of units that are dropped in training.
    """

    id2label: dict[int, str]
    hidden_size: int
    segments: int = 1
    problem_type: str | None = None
    hidden_dropout_prob: float = 0.1


class PooledClassifier(nn.Module):
    """Classifies texts by two means of each segment's vectors: one with equal, one with learned weights.

    For pairs, the difference and the product of the two segments come on top, as in Conneau et al. (2017).
    """

    def __init__(self, config: VectorHeadConfig):
        super().__init__()
        self.segments = config.segments
        views = 2 if config.segments == 1 else 8
        self.weight = nn.Linear(config.hidden_size, 1)
        self.dense = nn.Linear(views * config.hidden_size, config.hidden_size)
        self.dropout = nn.Dropout(config.hidden_dropout_prob)
        self.classifier = nn.Linear(config.hidden_size, len(config.id2label))

    def forward(self, states: Tensor, attention_mask: Tensor | None, token_type_ids: Tensor | None = None) -> Tensor:
        """Return logits, (rows, labels). token_type_ids: (rows, width) the segment of each token; None: all are 0."""
        scores = self.weight(states).squeeze(-1)
        types = token_type_ids if self.segments == 2 else None
        views = [self._pooled(states, scores, mask) for mask in _segments(states, attention_mask, types)]
        if self.segments == 2:
            first, second = views[0], views[1] if len(views) > 1 else torch.zeros_like(views[0])
            views = [first, second, (first - second).abs(), first * second]
        hidden = nn.functional.gelu(self.dense(self.dropout(torch.cat(views, dim=-1))))
        return self.classifier(self.dropout(hidden))

    def _pooled(self, states: Tensor, scores: Tensor, mask: Tensor) -> Tensor:
        """Return both means of the vectors in a mask, (rows, 2 hidden); zeros if there are none."""
        weights = scores.masked_fill(~mask, torch.finfo(scores.dtype).min).softmax(-1) * mask
        return torch.cat([_mean(states, mask), (weights[..., None] * states).sum(dim=1)], dim=-1)


class VectorTagger(nn.Module):
    """Labels each token by its vector."""

    def __init__(self, config: VectorHeadConfig):
        super().__init__()
        self.dense = nn.Linear(config.hidden_size, config.hidden_size)
        self.dropout = nn.Dropout(config.hidden_dropout_prob)
        self.classifier = nn.Linear(config.hidden_size, len(config.id2label))

    def forward(self, states: Tensor, attention_mask: Tensor | None, token_type_ids: Tensor | None = None) -> Tensor:
        """Return logits, (rows, width, labels)."""
        hidden = nn.functional.gelu(self.dense(self.dropout(states)))
        return self.classifier(self.dropout(hidden))


class VectorAnswerFinder(nn.Module):
    """Scores each token as the start and as the end of an answer, by its vector and the mean of the question's.

    Column 0 stands for "no answer": its vector is the mean of all.
    """

    def __init__(self, config: VectorHeadConfig):
        super().__init__()
        self.dense = nn.Linear(3 * config.hidden_size, config.hidden_size)
        self.dropout = nn.Dropout(config.hidden_dropout_prob)
        self.qa_outputs = nn.Linear(config.hidden_size, 2)

    def forward(self, states: Tensor, attention_mask: Tensor | None, token_type_ids: Tensor | None = None) -> Tensor:
        """Return logits, (rows, width, 2). token_type_ids: (rows, width) 0 for the question, 1 for the context."""
        question = _segments(states, attention_mask, token_type_ids)[0]
        asked = _mean(states, question)[:, None].expand_as(states)
        whole = _mean(states, _tokens(states, attention_mask))[:, None]
        states = torch.cat([whole, states[:, 1:]], dim=1)
        views = torch.cat([states, asked, states * asked], dim=-1)
        return self.qa_outputs(self.dropout(nn.functional.gelu(self.dense(self.dropout(views)))))


VECTOR_HEADS: dict[str, type[PooledClassifier] | type[VectorTagger] | type[VectorAnswerFinder]] = {
    "AutoModelForSequenceClassification": PooledClassifier,
    "AutoModelForTokenClassification": VectorTagger,
    "AutoModelForQuestionAnswering": VectorAnswerFinder,
}
"""By the Transformers class that does the same on an encoder of its own."""


def _tokens(states: Tensor, attention_mask: Tensor | None) -> Tensor:
    """Return where the tokens are, (rows, width): neither padding nor column 0."""
    mask = states.new_ones(states.shape[:2], dtype=torch.bool) if attention_mask is None else attention_mask.bool()
    return mask & (torch.arange(states.shape[1], device=states.device) > 0)


def _segments(states: Tensor, attention_mask: Tensor | None, token_type_ids: Tensor | None) -> list[Tensor]:
    """Return where the tokens of each segment are, (rows, width) each."""
    tokens = _tokens(states, attention_mask)
    if token_type_ids is None:
        return [tokens]
    return [tokens & (token_type_ids == number) for number in range(2)]


def _mean(states: Tensor, mask: Tensor) -> Tensor:
    """Return the mean of the vectors in a mask, (rows, hidden); zeros if there are none."""
    return (states * mask[..., None]).sum(dim=1) / mask.sum(dim=1, keepdim=True).clamp(min=1)
