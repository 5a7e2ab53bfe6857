"""A subword of its own for every token: where one covers several, what it covers is encoded token by token."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from operator import itemgetter

import numpy as np

from ..types import Ints, Subwords
from .alignment import Tokens, overlaps, pool_offsets
from .windows import ragged_arange

Encode = Callable[[Sequence[str]], Sequence[Subwords]]


@dataclass(frozen=True, slots=True)
class Knots:
    """Subwords to be taken out: each reaches over a border of tokens, with those after it that share its characters.

    text: (knots,) the text of each. first, stop: (knots,) ranges of subwords, by number in the text.
    start, end: (knots,) what they cover, in characters of the text.
    """

    text: Ints
    first: Ints
    stop: Ints
    start: Ints
    end: Ints


@dataclass(frozen=True, slots=True)
class Pieces:
    """What knots cover, divided at the borders of tokens. knot: (pieces,). start, end: (pieces,) in characters."""

    knot: Ints
    start: Ints
    end: Ints


def separate_tokens(
    texts: Sequence[str], subwords: Sequence[Subwords], tokens: Tokens, encode: Encode
) -> Sequence[Subwords]:
    """Split subwords that reach over a border of tokens, as a tokenizer does that is given words.

    "don't" is `don`, `'`, `t` to BERT, and `do`, `n't` to spaCy; the first subword becomes `do`, `n`.
    subwords: of each text, with offsets. encode: gives subwords with offsets; it is called once, or not at all.
    Returns the subwords of each text; none of them has a character of two tokens.
    """
    knots = _find_knots(subwords, tokens)
    if not len(knots.text):
        return subwords
    pieces = _divide(knots, tokens)
    encoded = _encode(texts, knots, pieces, encode)
    borders = np.searchsorted(pieces.knot, np.arange(len(knots.text) + 1)).tolist()
    separated = list(subwords)
    rows = zip(knots.text.tolist(), knots.first.tolist(), knots.stop.tolist(), pairwise(borders), strict=True)
    for number, group in groupby(rows, key=itemgetter(0)):
        old = subwords[number]
        assert old.offsets is not None
        ids, spans, done = [], [], 0
        for _, first, stop, (begin, end) in group:
            ids += [old.ids[done:first], *(each.ids for each in encoded[begin:end])]
            spans += [old.offsets[done:first], *(each.offsets for each in encoded[begin:end])]
            done = stop
        separated[number] = Subwords(
            np.concatenate([*ids, old.ids[done:]]), np.concatenate([*spans, old.offsets[done:]])
        )
    return separated


def _find_knots(subwords: Sequence[Subwords], tokens: Tokens) -> Knots:
    text, offsets = pool_offsets(subwords, tokens.base)
    ranges = overlaps(offsets, tokens.offsets + tokens.base[tokens.text, None])
    straddling = np.flatnonzero(ranges[:, 1] - ranges[:, 0] > 1)
    reach = np.maximum.accumulate(offsets[:, 1])
    chain = np.cumsum(offsets[:, 0] >= np.append(-1, reach[:-1]))  # its subwords share characters
    first = straddling[np.unique(chain[straddling], return_index=True)[1]]
    stop = np.searchsorted(chain, chain[first], side="right")
    of = text[first]
    before, base = np.searchsorted(text, of), tokens.base[of]
    return Knots(of, first - before, stop - before, offsets[first, 0] - base, reach[stop - 1] - base)


def _divide(knots: Knots, tokens: Tokens) -> Pieces:
    starts, base = tokens.offsets[:, 0] + tokens.base[tokens.text], tokens.base[knots.text]
    first = np.searchsorted(starts, knots.start + base, side="right")
    cuts = np.searchsorted(starts, knots.end + base, side="left") - first
    knot = np.repeat(np.arange(len(cuts)), cuts + 1)
    inner = starts[ragged_arange(first, cuts)] - np.repeat(base, cuts)
    begins = np.append(True, np.diff(knot) > 0)
    start, end = knots.start[knot], knots.end[knot]
    start[~begins] = inner
    end[~np.append(begins[1:], True)] = inner
    return Pieces(knot, start, end)


def _encode(texts: Sequence[str], knots: Knots, pieces: Pieces, encode: Encode) -> list[Subwords]:
    """The subwords of each piece, with offsets in its text."""
    strings, shifts = [], []
    whole_starts = knots.start[pieces.knot].tolist()
    rows = zip(knots.text[pieces.knot].tolist(), pieces.start.tolist(), pieces.end.tolist(), whole_starts, strict=True)
    for number, start, end, whole_start in rows:
        # Byte-level tokenizers mark a word by the space before it.
        space = int(start == whole_start > 0 and texts[number][start - 1] == " ")
        strings.append(" " * space + texts[number][start:end])
        shifts.append(start - space)
    unlike = list(dict.fromkeys(strings))  # contractions come again and again
    encoded = dict(zip(unlike, encode(unlike), strict=True))
    found = []
    for string, shift, whole_start in zip(strings, shifts, whole_starts, strict=True):
        each = encoded[string]
        assert each.offsets is not None
        found.append(Subwords(each.ids, np.maximum(each.offsets + shift, whole_start)))
    return found
