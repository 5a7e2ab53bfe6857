"""Hiding whole words, for a network to guess."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator

from ..types import Bools, Ints, MaskedBatch, PaddedBatch
from .words import NO_WORD

MASKED_SHARE = 0.8
RANDOM_SHARE = 0.1


@dataclass(frozen=True, slots=True)
class WordMasker:
    """Masks as BERT is trained with: of the hidden subwords 80 % are [MASK], 10 % random ones, 10 % as they were.

    mask_id: of [MASK]. replacements: (n,) what random subwords are drawn from. probability: the share of words to hide.
    After Devlin et al. (2019), with the whole words of their later release.
    """

    mask_id: int
    replacements: Ints
    probability: float = 0.15

    def mask(self, batch: PaddedBatch, words: Ints, generator: Generator) -> MaskedBatch:
        """Hide words, at least one in each row that has any.

        words: (rows, width) the word of every subword, or NO_WORD for what is never hidden.
        """
        hidden = choose_words(words, self.probability, generator)
        labels = batch.input_ids[hidden]
        draw = generator.random(len(labels))
        drawn = self.replacements[generator.integers(len(self.replacements), size=len(labels))]
        kept_or_drawn = np.where(draw < MASKED_SHARE + RANDOM_SHARE, drawn, labels)
        ids = batch.input_ids.copy()
        ids[hidden] = np.where(draw < MASKED_SHARE, self.mask_id, kept_or_drawn)
        return MaskedBatch(replace(batch, input_ids=ids), np.flatnonzero(hidden), labels)


def choose_words(words: Ints, probability: float, generator: Generator) -> Bools:
    """Draw words of each row, and say where all their subwords stand: (rows, width).

    words: (rows, width) numbers, or NO_WORD. probability: the share of a row's words; what is left over from whole
    words is drawn too, so that the share holds on average. One word at least, in a row that has any.
    """
    row, column = np.nonzero(words != NO_WORD)
    keys = row * (words.max(initial=0) + 1) + words[row, column]
    distinct, first, word = np.unique(keys, return_index=True, return_inverse=True)
    row_of_word = row[first]
    counts = np.bincount(row_of_word, minlength=len(words))
    wanted = np.maximum(1, np.floor(counts * probability + generator.random(len(words))))
    order = np.lexsort((generator.random(len(distinct)), row_of_word))
    rank = np.empty(len(distinct), dtype=np.int64)
    rank[order] = np.arange(len(distinct)) - (np.cumsum(counts) - counts)[row_of_word[order]]
    chosen = rank < wanted[row_of_word]
    hidden = np.zeros(words.shape, dtype=bool)
    hidden[row, column] = chosen[word]
    return hidden
