"""Encoded texts: the stage between Docs and windows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from ..subwords.alignment import Alignment
from ..subwords.batches import WindowBatch
from ..types import Subwords

Segment: TypeAlias = Sequence[Subwords]
"""The subwords of one segment of every text: of the whole text, or of one part of a pair."""


@dataclass(frozen=True, slots=True)
class EncodedTexts:
    """Encoded texts, or pairs of texts. segments: one, or two for pairs, each with one entry a text."""

    segments: Sequence[Segment]

    def __len__(self) -> int:
        return len(self.segments[0])

    def mark(self, batch: WindowBatch) -> WindowBatch:
        """Return the windows of these texts, marked with the spans that the network's head scores, if it scores any."""
        return batch


@dataclass(frozen=True, slots=True)
class AlignedTexts(EncodedTexts):
    """Encoded texts with their tokens. alignment: the tokens of the windowed segment that have subwords."""

    alignment: Alignment
