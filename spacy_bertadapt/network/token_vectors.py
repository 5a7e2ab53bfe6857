"""Vectors of tokens, computed elsewhere, in the place of a text's subwords: they are cut and padded in the same way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from torch import Tensor

from ..subwords.batches import WindowBatch, window_batch
from ..subwords.special_tokens import Piece, Template
from ..types import Ints, PaddedBatch, Subwords
from .inputs import DeviceBatch

TEXT_PLACE = 0  # the row of a table, and the column of a batch, that stand for a text as a whole
UNLIMITED = 2**40  # tokens of a window: whoever computed the vectors has cut long texts

_WHOLE = Piece(None, np.array([TEXT_PLACE], dtype=np.int64), 0)
_SEGMENTS = tuple(Piece(number, np.zeros(0, dtype=np.int64), number) for number in range(2))
TEMPLATES: dict[int, Template] = {count: (_WHOLE, *_SEGMENTS[:count]) for count in (1, 2)}
"""The pieces of a row, by the number of segments: a place for the whole text, and the segments."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenVectors(Subwords):
    """The vectors of the tokens of one text, or of a part of it.

    ids: (tokens,) their rows in the table. offsets: as subwords have them.
    table: (1 + tokens of all texts, width) the vectors of all texts of a batch; the first row is zero.
    """

    table: Tensor


@dataclass(frozen=True, slots=True)
class PaddedVectors(PaddedBatch):
    """A padded batch whose `input_ids` are rows of a table of vectors: see `TokenVectors`."""

    table: Tensor | None = None


@dataclass(frozen=True, slots=True)
class VectorWindows(WindowBatch):
    """The rows of a batch of texts, one a text, over a table of vectors: see `TokenVectors`."""

    table: Tensor | None = None

    def padded(self, rows: Ints, *, width: int | None = None) -> PaddedVectors:
        """Return some rows as a padded batch: see `WindowBatch.padded`."""
        batch = WindowBatch.padded(self, rows, width=width)
        return PaddedVectors(**_fields_of(batch), table=self.table)


def vector_windows(segments: Sequence[Sequence[Subwords]], table: Tensor, *, windowed: int) -> VectorWindows:
    """Return one row for each text (one segment) or pair (two): the place of the whole text, then the tokens.

    segments: one sequence of TokenVectors for each segment. table: that of all of them.
    windowed: the segment whose tokens the task looks at.
    """
    batch = window_batch(segments, TEMPLATES[len(segments)], max_length=UNLIMITED, windowed=windowed, pad_id=TEXT_PLACE)
    return VectorWindows(**_fields_of(batch), table=table)


def vectors_of(batch: DeviceBatch) -> Tensor:
    """Return the vectors of a batch in the place of hidden states, (rows, width, hidden)."""
    padded = batch.padded
    assert isinstance(padded, PaddedVectors)
    assert padded.table is not None
    return padded.table[batch.inputs["input_ids"]]


def _fields_of(batch: WindowBatch | PaddedBatch) -> dict[str, Any]:
    return {field.name: getattr(batch, field.name) for field in fields(batch)}
