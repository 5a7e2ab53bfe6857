"""The network that labels spans: an encoder, and a head that scores every candidate at once."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from transformers import PretrainedConfig

from ...network.pretrained_config import output_labels

LONGEST = 31  # subwords; all longer spans share one length embedding
RARE = 0.01  # how probable a label is for any candidate, before anything is learned


DROPOUT_SETTINGS = ("hidden_dropout_prob", "dropout", "classifier_dropout")  # the last two: DistilBERT, ModernBERT
USUAL_DROPOUT = 0.1


class SpanHead(nn.Module):
    """Scores spans of subwords by their first and last one, the mean of all, and their length.

    The three views are projected once a subword and not once a span: a span only adds up four vectors. One hidden layer
    over such views is common in span-based models, as in Lee et al. (2017).
    """

    def __init__(self, config: PretrainedConfig, *, hidden_size: int):
        """config: the encoder's configuration, with one label for each output."""
        super().__init__()
        self.projection = nn.Linear(config.hidden_size, 3 * hidden_size)
        self.length = nn.Embedding(LONGEST + 1, hidden_size)
        self.dropout = nn.Dropout(dropout_of(config))
        self.classifier = nn.Linear(hidden_size, len(output_labels(config)))
        for layer in (self.projection, self.length, self.classifier):
            nn.init.normal_(layer.weight, std=getattr(config, "initializer_range", 0.02))
        nn.init.zeros_(self.projection.bias)
        nn.init.constant_(self.classifier.bias, math.log(RARE / (1 - RARE)))

    def forward(self, states: Tensor, attention_mask: Tensor | None, spans: Tensor) -> Tensor:
        """Return logits, (spans, labels).

        states: (rows, width, hidden). spans: (spans, 3) row, first and last column of each.
        """
        width = states.shape[1]
        row, first, last = spans.unbind(1)
        first_view, last_view, inner_view = self.projection(self.dropout(states)).chunk(3, dim=-1)
        sums = nn.functional.pad(inner_view.float().cumsum(1), (0, 0, 1, 0)).flatten(0, 1)
        length = last - first + 1
        start, stop = row * (width + 1) + first, row * (width + 1) + last + 1
        mean = (sums.index_select(0, stop) - sums.index_select(0, start)) / length[:, None]
        hidden = (
            first_view.flatten(0, 1).index_select(0, row * width + first)
            + last_view.flatten(0, 1).index_select(0, row * width + last)
            + mean
            + self.length(length.clamp(max=LONGEST))
        )
        return self.classifier(self.dropout(torch.nn.functional.gelu(hidden)))


def dropout_of(config: PretrainedConfig) -> float:
    """Return the share of units that a head drops in training, as the encoder's configuration has it by its name."""
    rates = (getattr(config, name, None) for name in DROPOUT_SETTINGS)
    return next((float(rate) for rate in rates if isinstance(rate, int | float)), USUAL_DROPOUT)
