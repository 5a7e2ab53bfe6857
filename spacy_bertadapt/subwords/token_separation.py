"""Separation of tokens that share a subword: what the subword covers is encoded again, token by token."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from operator import itemgetter
from typing import TypeAlias

import numpy as np

from ..types import Ints, Subwords
from .alignment import TextTokens, overlaps, pool_offsets
from .windows import ragged_arange

Encode: TypeAlias = Callable[[Sequence[str]], Sequence[Subwords]]
"""Returns the subwords of each text, with offsets."""

Replacement: TypeAlias = tuple[int, int, Sequence[Subwords]]
"""First subword of a run and one past its last, by number in the text, and the subwords that replace them."""


@dataclass(frozen=True, slots=True)
class RunsAcrossTokens:
    """Runs of subwords that cover a border between two tokens, in the order of the texts.

    A run is one subword that has characters of two tokens, with all that share characters with it.

    text: (runs,) number of the text.
    first, stop: (runs,) first subword and one past the last, by number in the text.
    start, end: (runs,) what the run covers, in characters of the text.
    """

    text: Ints
    first: Ints
    stop: Ints
    start: Ints
    end: Ints

    def __len__(self) -> int:
        return len(self.text)


@dataclass(frozen=True, slots=True)
class Pieces:
    """The characters of runs across tokens, cut where tokens begin.

    run: (pieces,) number of the run, ascending. start, end: (pieces,) in characters of the text.
    """

    run: Ints
    start: Ints
    end: Ints


def separate_tokens(
    texts: Sequence[str], subwords: Sequence[Subwords], tokens: TextTokens, encode: Encode
) -> Sequence[Subwords]:
    """Return the subwords of each text so that none has characters of two tokens.

    Subwords that do are replaced by those of each token alone, as a tokenizer that is given words makes them: "don't"
    is `don`, `'`, `t` to BERT, and `do`, `n't` to spaCy; so `don` becomes `do`, `n`.
    subwords: those of each text, with offsets. encode: returns subwords with offsets; called once, or not at all.
    """
    runs = _runs_across_tokens(subwords, tokens)
    if not len(runs):
        return subwords
    pieces = _cut_at_tokens(runs, tokens)
    encoded = _encode_pieces(texts, runs, pieces, encode)
    borders = np.searchsorted(pieces.run, np.arange(len(runs) + 1)).tolist()
    of_runs = [encoded[begin:end] for begin, end in pairwise(borders)]
    rows = zip(runs.text.tolist(), runs.first.tolist(), runs.stop.tolist(), of_runs, strict=True)
    separated = list(subwords)
    for text, of_text in groupby(rows, key=itemgetter(0)):
        separated[text] = _replace(subwords[text], (row[1:] for row in of_text))
    return separated


def _runs_across_tokens(subwords: Sequence[Subwords], tokens: TextTokens) -> RunsAcrossTokens:
    text, offsets = pool_offsets(subwords, tokens.base)
    ranges = overlaps(offsets, tokens.offsets + tokens.base[tokens.text, None])
    straddling = np.flatnonzero(ranges[:, 1] - ranges[:, 0] > 1)
    furthest_end = np.maximum.accumulate(offsets[:, 1])
    group = np.cumsum(offsets[:, 0] >= np.append(-1, furthest_end[:-1]))  # the same for subwords that share characters
    first = straddling[np.unique(group[straddling], return_index=True)[1]]
    stop = np.searchsorted(group, group[first], side="right")
    run_text = text[first]
    subwords_before, base = np.searchsorted(text, run_text), tokens.base[run_text]
    covered = np.append(0, furthest_end)[first]  # by the subwords before: one character may have several
    start, end = np.maximum(offsets[first, 0], covered) - base, furthest_end[stop - 1] - base
    return RunsAcrossTokens(run_text, first - subwords_before, stop - subwords_before, start, end)


def _cut_at_tokens(runs: RunsAcrossTokens, tokens: TextTokens) -> Pieces:
    token_starts, base = tokens.offsets[:, 0] + tokens.base[tokens.text], tokens.base[runs.text]
    first_cut = np.searchsorted(token_starts, runs.start + base, side="right")
    cuts = np.searchsorted(token_starts, runs.end + base, side="left") - first_cut
    run = np.repeat(np.arange(len(cuts)), cuts + 1)
    cut = token_starts[ragged_arange(first_cut, cuts)] - np.repeat(base, cuts)
    is_first = np.append(True, np.diff(run) > 0)
    is_last = np.append(is_first[1:], True)
    start, end = runs.start[run], runs.end[run]
    start[~is_first] = cut
    end[~is_last] = cut
    return Pieces(run, start, end)


def _encode_pieces(texts: Sequence[str], runs: RunsAcrossTokens, pieces: Pieces, encode: Encode) -> list[Subwords]:
    """Return the subwords of each piece, with offsets in its text."""
    strings, shifts = [], []
    run_starts = runs.start[pieces.run].tolist()
    rows = zip(runs.text[pieces.run].tolist(), pieces.start.tolist(), pieces.end.tolist(), run_starts, strict=True)
    for text, start, end, run_start in rows:
        # Byte-level tokenizers mark a word by the space before it.
        space = int(start == run_start > 0 and texts[text][start - 1] == " ")
        strings.append(" " * space + texts[text][start:end])
        shifts.append(start - space)
    distinct = list(dict.fromkeys(strings))  # the same contractions are frequent
    encoded = dict(zip(distinct, encode(distinct), strict=True))
    moved = zip(strings, shifts, run_starts, strict=True)
    return [_moved(encoded[string], shift, run_start) for string, shift, run_start in moved]


def _moved(piece: Subwords, shift: int, run_start: int) -> Subwords:
    """Return the subwords of a piece with offsets in its text. shift: where the piece starts, with its space."""
    assert piece.offsets is not None
    return Subwords(piece.ids, np.maximum(piece.offsets + shift, run_start))


def _replace(subwords: Subwords, replacements: Iterable[Replacement]) -> Subwords:
    """Return the subwords of a text in which some runs are replaced. replacements: in the order of the text."""
    assert subwords.offsets is not None
    ids, offsets, done = [], [], 0
    for first, stop, pieces in replacements:
        ids += [subwords.ids[done:first], *(piece.ids for piece in pieces)]
        offsets += [subwords.offsets[done:first], *(piece.offsets for piece in pieces)]
        done = stop
    return Subwords(
        np.concatenate([*ids, subwords.ids[done:]]),
        np.concatenate([*offsets, subwords.offsets[done:]]),
    )
