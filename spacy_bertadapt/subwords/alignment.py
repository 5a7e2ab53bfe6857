"""Which subwords cover a spaCy token, and which tokens a subword covers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from spacy.attrs import IDX, IS_SPACE, LENGTH
from spacy.tokens import Doc, Span

from ..types import Ints, Subwords


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of some texts that are not white space.

    text: (tokens,) which text each stands in, in order. index: (tokens,) its number among all tokens of the text.
    offsets: (tokens, 2) its start and end in characters of the text. lengths: (texts,) characters of each text.
    """

    text: Ints
    index: Ints
    offsets: Ints
    lengths: Ints

    def __len__(self) -> int:
        return len(self.text)

    @property
    def base(self) -> Ints:
        """(texts,) where each text starts when all of them stand in one long line."""
        return np.cumsum(self.lengths + 1) - (self.lengths + 1)


@dataclass(frozen=True, slots=True)
class Alignment:
    """The tokens of some texts that have subwords, in order.

    text, token: (aligned,) the text, and the token's number among all of the text's.
    first, last: (aligned,) its first and last subword, by number in the text.
    """

    text: Ints
    token: Ints
    first: Ints
    last: Ints

    def __len__(self) -> int:
        return len(self.text)


def tokens_of(texts: Sequence[Doc | Span]) -> Tokens:
    """The tokens of Docs or Spans that are not white space, with offsets from where each Doc or Span starts."""
    attributes = [IDX, LENGTH, IS_SPACE]
    arrays = [text.to_array(attributes).astype(np.int64).reshape(-1, 3) for text in texts]  # type: ignore[union-attr]
    sizes = np.array([len(array) for array in arrays], dtype=np.int64)
    rows = np.concatenate([*arrays, np.zeros((0, 3), dtype=np.int64)])
    text = np.repeat(np.arange(len(texts)), sizes)
    index = np.arange(len(rows)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    first_character = np.array([0 if isinstance(found, Doc) else found.start_char for found in texts], dtype=np.int64)
    starts = rows[:, 0] - first_character[text]
    offsets = np.stack([starts, starts + rows[:, 1]], axis=1)
    lengths = np.array([len(found.text) for found in texts], dtype=np.int64)
    solid = rows[:, 2] == 0
    return Tokens(text[solid], index[solid], offsets[solid], lengths)


def align(tokens: Tokens, subwords: Sequence[Subwords]) -> Alignment:
    """Find the subwords of tokens. subwords: of each text, with offsets."""
    text, offsets = pool_offsets(subwords, tokens.base)
    ranges = overlaps(tokens.offsets + tokens.base[tokens.text, None], offsets)
    found = np.flatnonzero(ranges[:, 0] < ranges[:, 1])
    number = ranges[found] - np.searchsorted(text, tokens.text[found])[:, None]
    return Alignment(tokens.text[found], tokens.index[found], number[:, 0], number[:, 1] - 1)


def pool_offsets(subwords: Sequence[Subwords], base: Ints) -> tuple[Ints, Ints]:
    """The text and the offsets of all subwords, (subwords,) and (subwords, 2); texts start at `base`."""
    text = np.repeat(np.arange(len(subwords)), [len(found) for found in subwords])
    spans = [found.offsets for found in subwords if found.offsets is not None]
    return text, np.concatenate([*spans, np.zeros((0, 2), dtype=np.int64)]) + base[text, None]


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
