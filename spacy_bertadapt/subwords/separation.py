"""A subword of its own for every token: where one covers several, what it covers is encoded token by token."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby, pairwise

import numpy as np

from ..types import Ints, Subwords
from .alignment import Tokens, overlaps, pool_offsets

Encode = Callable[[Sequence[str]], Sequence[Subwords]]


def separate_tokens(
    texts: Sequence[str], subwords: Sequence[Subwords], tokens: Tokens, encode: Encode
) -> Sequence[Subwords]:
    """Split subwords that reach over a border of tokens, as a tokenizer does that is given words.

    "don't" is `don`, `'`, `t` to BERT, and `do`, `n't` to spaCy; the first subword becomes `do`, `n`.
    subwords: of each text, with offsets. encode: gives subwords with offsets.
    Returns the subwords of each text; none of them has a character of two tokens.
    """
    text, offsets = pool_offsets(subwords, tokens.base)
    ranges = overlaps(offsets, tokens.offsets + tokens.base[tokens.text, None])
    straddling = np.flatnonzero(ranges[:, 1] - ranges[:, 0] > 1)
    if not len(straddling):
        return subwords
    separated = list(subwords)
    first = np.searchsorted(text, np.arange(len(texts)))
    for number, group in groupby(straddling.tolist(), key=lambda subword: int(text[subword])):
        starts = tokens.offsets[tokens.text == number, 0]
        rows = np.fromiter(group, dtype=np.int64) - first[number]
        separated[number] = _separate(texts[number], subwords[number], rows, starts, encode)
    return separated


def _separate(text: str, subwords: Subwords, straddling: Ints, token_starts: Ints, encode: Encode) -> Subwords:
    """One text's subwords; straddling: numbers of those to split. token_starts: in characters."""
    assert subwords.offsets is not None
    offsets = subwords.offsets
    ids, spans, done = [], [], 0
    for row in straddling.tolist():
        if row < done:
            continue  # it shares its characters with the one before
        start, end, stop = int(offsets[row, 0]), int(offsets[row, 1]), row + 1
        while stop < len(subwords) and offsets[stop, 0] < end:
            stop, end = stop + 1, max(end, int(offsets[stop, 1]))
        cuts = token_starts[(token_starts > start) & (token_starts < end)].tolist()
        ids.append(subwords.ids[done:row])
        spans.append(offsets[done:row])
        borders = [start, *cuts, end]
        pieces = [text[left:right] for left, right in pairwise(borders)]
        space = int(start > 0 and text[start - 1] == " ")  # byte-level tokenizers mark a word by the space before it
        pieces[0] = " " * space + pieces[0]
        shifts = [start - space, *borders[1:-1]]
        for piece, shift in zip(encode(pieces), shifts, strict=True):
            assert piece.offsets is not None
            ids.append(piece.ids)
            spans.append(np.maximum(piece.offsets + shift, start))
        done = stop
    return Subwords(np.concatenate([*ids, subwords.ids[done:]]), np.concatenate([*spans, offsets[done:]]))
