"""Types of what flows between a Doc and its logits, with shapes and units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

Ints: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float32]
Bools: TypeAlias = NDArray[np.bool_]

Pair: TypeAlias = tuple[str, str]
"""The two segments of a pair, such as premise and hypothesis, or question and context."""

Segments: TypeAlias = str | Pair
"""The text of one Doc for the tokenizer: one text, or a pair."""

ProblemType: TypeAlias = Literal["single_label_classification", "multi_label_classification", "regression"]
"""What the outputs of a classifier's head mean, as `problem_type` in Transformers' configurations says it."""

SINGLE_LABEL: ProblemType = "single_label_classification"
MULTI_LABEL: ProblemType = "multi_label_classification"
REGRESSION: ProblemType = "regression"

WindowLogits: TypeAlias = Floats
"""Logits with one row a window: (windows, labels) for sequences, (windows, subwords, labels) for tokens."""


@dataclass(frozen=True, slots=True)
class Subwords:
    """The subwords of one text, without special tokens.

    ids: (subwords,) vocabulary indices.
    offsets: (subwords, 2) start and end in characters of the text, or None where they were not asked for.
    """

    ids: Ints
    offsets: Ints | None = None

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True)
class PaddedBatch:
    """The input of a Transformers model: rows of subwords, padded on the right to one width.

    input_ids: (rows, width) vocabulary indices.
    mask: (rows, width), True on subwords, or None where nothing is padded.
    token_type_ids: (rows, width), or None where all are 0.
    spans: (spans, 3) the row, the first and the last column (inclusive) of each span to be scored, in the order of the
    rows; None where no spans are.
    """

    input_ids: Ints
    mask: Bools | None
    token_type_ids: Ints | None
    spans: Ints | None = None

    def __len__(self) -> int:
        return len(self.input_ids)


@dataclass(frozen=True, slots=True)
class MaskedBatch:
    """A padded batch with hidden words.

    batch: the rows, changed where words are hidden.
    positions: (hidden,) the place of each hidden subword in the rows laid end to end.
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
