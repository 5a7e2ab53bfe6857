"""Alignment of spaCy's tokens and subwords by the characters that they share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from spacy.attrs import IDX, IS_SPACE, LENGTH
from spacy.tokens import Doc, Span

from ..types import Ints, Subwords


@dataclass(frozen=True, slots=True)
class TextTokens:
    """The tokens of some texts that are not white space.

    text: (tokens,) number of the text, ascending.
    index: (tokens,) number among all tokens of the text, white space included.
    offsets: (tokens, 2) start and end in characters of the text.
    lengths: (texts,) characters of each text.
    """

    text: Ints
    index: Ints
    offsets: Ints
    lengths: Ints

    def __len__(self) -> int:
        return len(self.text)

    @property
    def base(self) -> Ints:
        """(texts,) the first character of each text when all texts are laid end to end, one character apart."""
        return np.cumsum(self.lengths + 1) - (self.lengths + 1)


@dataclass(frozen=True, slots=True)
class Alignment:
    """The tokens of some texts that have subwords, in the order of the texts.

    text, token: (aligned,) the text, and the token by number among all tokens of the text.
    first, last: (aligned,) the first and last subword of the token, by number in the text.
    """

    text: Ints
    token: Ints
    first: Ints
    last: Ints

    def __len__(self) -> int:
        return len(self.text)


def tokens_of(texts: Sequence[Doc | Span]) -> TextTokens:
    """Return the tokens of Docs or Spans that are not white space. Offsets count from the start of a Doc or Span."""
    attributes = [IDX, LENGTH, IS_SPACE]
    arrays = [text.to_array(attributes).astype(np.int64).reshape(-1, 3) for text in texts]  # type: ignore[union-attr]
    sizes = np.array([len(array) for array in arrays], dtype=np.int64)
    rows = np.concatenate([*arrays, np.zeros((0, 3), dtype=np.int64)])
    number = np.repeat(np.arange(len(texts)), sizes)
    index = np.arange(len(rows)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    first_character = np.array([0 if isinstance(text, Doc) else text.start_char for text in texts], dtype=np.int64)
    starts = rows[:, 0] - first_character[number]
    offsets = np.stack([starts, starts + rows[:, 1]], axis=1)
    lengths = np.array([len(text.text) for text in texts], dtype=np.int64)
    is_visible = rows[:, 2] == 0
    return TextTokens(number[is_visible], index[is_visible], offsets[is_visible], lengths)


def align(tokens: TextTokens, subwords: Sequence[Subwords]) -> Alignment:
    """Return the tokens that have subwords, with the first and last of them.

    subwords: those of each text, with offsets.
    """
    text, offsets = pool_offsets(subwords, tokens.base)
    ranges = overlaps(tokens.offsets + tokens.base[tokens.text, None], offsets)
    aligned = np.flatnonzero(ranges[:, 0] < ranges[:, 1])
    subwords_before_text = np.searchsorted(text, tokens.text[aligned])
    numbers = ranges[aligned] - subwords_before_text[:, None]
    return Alignment(tokens.text[aligned], tokens.index[aligned], numbers[:, 0], numbers[:, 1] - 1)


def pool_offsets(subwords: Sequence[Subwords], base: Ints) -> tuple[Ints, Ints]:
    """Return the text, (subwords,), and the offsets, (subwords, 2), of all subwords of some texts.

    subwords: those of each text, with offsets. base: (texts,) the number that is added to the offsets of each text,
    such as `TextTokens.base`.
    """
    number = np.repeat(np.arange(len(subwords)), [len(text) for text in subwords])
    offsets = [text.offsets for text in subwords if text.offsets is not None]
    return number, np.concatenate([*offsets, np.zeros((0, 2), dtype=np.int64)]) + base[number, None]


def overlaps(spans: Ints, others: Ints) -> Ints:
    """Return the range of other spans that share a character with each span, (n, 2).

    spans, others: (n, 2) and (m, 2) starts and ends, both in rising order.
    A range is the first index into `others` and one past the last; 0, 0 where nothing overlaps.
    With tokens and subwords in either order, this aligns in both directions.
    """
    # Byte-level tokenizers give white space subwords without a character: these overlap nothing.
    filled = np.flatnonzero(others[:, 0] < others[:, 1])
    first = np.searchsorted(others[filled, 1], spans[:, 0], side="right")
    stop = np.searchsorted(others[filled, 0], spans[:, 1], side="left")
    overlapping = (first < stop) & (spans[:, 0] < spans[:, 1])
    ranges = np.zeros((len(spans), 2), dtype=np.int64)
    ranges[overlapping] = np.stack([filled[first[overlapping]], filled[stop[overlapping] - 1] + 1], axis=1)
    return ranges
