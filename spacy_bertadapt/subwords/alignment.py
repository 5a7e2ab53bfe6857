"""Which subwords cover a spaCy token, and which tokens a subword covers."""

from __future__ import annotations

import numpy as np
from spacy.attrs import IDX, LENGTH
from spacy.tokens import Doc

from ..types import Ints


def token_offsets(doc: Doc) -> Ints:
    """Start and end of every token of a Doc, (tokens, 2), in characters of `doc.text`."""
    starts, lengths = doc.to_array([IDX, LENGTH]).astype(np.int64).T.reshape(2, -1)
    return np.stack([starts, starts + lengths], axis=1)


def overlaps(spans: Ints, others: Ints) -> Ints:
    """For every span, the range of other spans that share a character with it.

    spans, others: (n, 2) and (m, 2) starts and ends, each in text order; ends never fall back.
    Returns (n, 2): the first index into `others` and one past the last; 0, 0 where nothing overlaps.
    With tokens and subwords in either order, this aligns in both directions.
    """
    # Byte-level tokenizers give whitespace subwords without a character; such ones overlap nothing.
    solid = np.flatnonzero(others[:, 0] < others[:, 1])
    first = np.searchsorted(others[solid, 1], spans[:, 0], side="right")
    last = np.searchsorted(others[solid, 0], spans[:, 1], side="left")
    found = (first < last) & (spans[:, 0] < spans[:, 1])
    ranges = np.zeros((len(spans), 2), dtype=np.int64)
    ranges[found] = np.stack([solid[first[found]], solid[last[found] - 1] + 1], axis=1)
    return ranges
