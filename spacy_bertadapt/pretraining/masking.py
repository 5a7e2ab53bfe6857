"""Masking of whole words, for a network to guess."""

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
    """Hides words as in the training of BERT: 80 % of their subwords become [MASK], 10 % random ones, 10 % stay.

    mask_id: the vocabulary index of [MASK].
    replacements: (n,) the vocabulary indices from which random subwords are drawn.
    probability: the share of words to hide.
    After Devlin et al. (2019), with the whole words of their later release.
    """

    mask_id: int
    replacements: Ints
    probability: float = 0.15

    def mask(self, batch: PaddedBatch, words: Ints, generator: Generator) -> MaskedBatch:
        """Return a batch with hidden words, at least one in each row that has any.

        words: (rows, width) number of the word of each subword; NO_WORD for subwords that are never hidden.
        """
        hidden = choose_words(words, self.probability, generator)
        labels = batch.input_ids[hidden]
        draw = generator.random(len(labels))
        random = self.replacements[generator.integers(len(self.replacements), size=len(labels))]
        random_or_same = np.where(draw < MASKED_SHARE + RANDOM_SHARE, random, labels)
        ids = batch.input_ids.copy()
        ids[hidden] = np.where(draw < MASKED_SHARE, self.mask_id, random_or_same)
        return MaskedBatch(replace(batch, input_ids=ids), np.flatnonzero(hidden), labels)


def choose_words(words: Ints, probability: float, generator: Generator) -> Bools:
    """Return the subwords of words drawn at random from each row, (rows, width), True where they stand.

    words: (rows, width) number of the word of each subword, or NO_WORD.
    probability: the share of words to draw. A row has a whole number of words, so it is rounded up or down at random,
    and the share holds on average; but one word at least is drawn in a row that has any.
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
