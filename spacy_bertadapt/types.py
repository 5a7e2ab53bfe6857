"""Named types for every stage between a Doc and its logits: what flows, with shapes and units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

Ints: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float32]
Bools: TypeAlias = NDArray[np.bool_]

Pair: TypeAlias = tuple[str, str]
"""The two segments of a pair, such as premise and hypothesis, or question and context."""

Segments: TypeAlias = str | Pair
"""What one Doc sends to the tokenizer: one text, or two."""

WindowLogits: TypeAlias = Floats
"""One row a window: (windows, labels) for sequences, (windows, subwords, labels) for tokens."""


@dataclass(frozen=True, slots=True)
class Subwords:
    """The subwords of one text, without special tokens.

    ids: (subwords,) vocabulary indices.
    offsets: (subwords, 2) start and end in characters of the text, or None where nobody asked for them.
    """

    ids: Ints
    offsets: Ints | None = None

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True)
class PaddedBatch:
    """What a Transformers model takes: rows padded on the right to the longest of them.

    input_ids: (rows, width). mask: (rows, width), True on subwords, or None where nothing is padded.
    token_type_ids: (rows, width), or None where all are 0.
    """

    input_ids: Ints
    mask: Bools | None
    token_type_ids: Ints | None

    def __len__(self) -> int:
        return len(self.input_ids)


@dataclass(frozen=True, slots=True)
class MaskedBatch:
    """A padded batch with hidden words.

    batch: the rows, changed where words are hidden. positions: (hidden,) where, in the rows laid end to end.
    labels: (hidden,) the subwords that stood there.
    """

    batch: PaddedBatch
    positions: Ints
    labels: Ints

    def __len__(self) -> int:
        return len(self.positions)


class SupportsStep(Protocol):
    """The hyper-parameters that a step reads from an optimizer: any `thinc.api.Optimizer` has them."""

    learn_rate: float
    b1: float
    b2: float
    eps: float
    L2: float
    grad_clip: float
