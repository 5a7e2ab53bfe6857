"""Training batches of texts, or of pairs, of similar length, so that little is padded."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice

from spacy.training import Example

from ..errors import require_at_least
from ..network.encoder_source import EncoderSource
from ..subwords.budget import cut_by_budget
from ..subwords.tokenizer import SubwordTokenizer
from ..tasks.pair_docs import segments_of
from ..types import Segments

Batch = list[Example]
Batcher = Callable[[Iterable[Example]], Iterable[Batch]]
CutBatches = Callable[[Sequence[int]], Iterator[slice]]
"""Cuts rows, given their lengths in rising order, into batches."""


def length_batcher(size: int, encoder: str, revision: str | None = None, pool: int = 100) -> Batcher:
    """Return a batcher that makes batches of `size` examples of similar length: of texts or of pairs, never both.

    encoder, revision: the names of the component's encoder, whose subwords are counted.
    pool: how many batches are drawn at random before they are sorted by length; the batches are then shuffled. The
    larger it is, the less is padded, and the more alike are the texts of a batch: questions on one context come
    together.
    Raises ValueError for a size or pool below 1.
    """
    require_at_least("size", size, 1)
    require_at_least("pool", pool, 1)

    def cut(lengths: Sequence[int]) -> Iterator[slice]:
        return (slice(start, start + size) for start in range(0, len(lengths), size))

    return BatcherByLength(encoder=EncoderSource(encoder, revision), cut=cut, pool=pool * size)


def subword_batcher(subwords: int, encoder: str, revision: str | None = None, pool: int = 3200) -> Batcher:
    """Return a batcher that makes batches of similar length, of at most `subwords` padded subwords.

    A batch has texts or pairs, never both. A longer text is a batch of its own.
    encoder, revision: those of LengthBatcher.v1. pool: how many examples are drawn at random before they are sorted.
    Raises ValueError for a budget or pool below 1.
    """
    require_at_least("subwords", subwords, 1)
    require_at_least("pool", pool, 1)

    def cut(lengths: Sequence[int]) -> Iterator[slice]:
        return cut_by_budget(lengths, subwords)

    return BatcherByLength(encoder=EncoderSource(encoder, revision), cut=cut, pool=pool)


def in_turns(batcher: Batcher, count: int) -> Batcher:
    """Return a batcher for processes that take turns, so that their batches at one step are of similar length.

    Batchers that know no turns stay as they are.
    """
    return replace(batcher, turns=count) if isinstance(batcher, BatcherByLength) else batcher


@dataclass(frozen=True, kw_only=True)
class BatcherByLength:
    """Draws a pool of examples, sorts it by length, and cuts it into batches, which it shuffles.

    encoder: whose subwords are counted. cut: makes batches of lengths. pool: how many examples are drawn, by each
    process. turns: how many batches in a row are of similar length; a step of as many processes has them.
    """

    encoder: EncoderSource
    cut: CutBatches
    pool: int
    turns: int = 1

    def __call__(self, examples: Iterable[Example]) -> Iterator[Batch]:
        """Yield batches."""
        stream = iter(examples)
        while drawn := list(islice(stream, self.pool * self.turns)):
            random.shuffle(drawn)
            segments = [segments_of(example.reference) for example in drawn]
            lengths = self._tokenizer.lengths(segments, cached=True)
            groups = list(_cut_by_kind(segments, lengths, self._cut_in_turns))
            random.shuffle(groups)
            for rows in groups:
                yield from ([drawn[row] for row in rows[turn :: self.turns]] for turn in range(self.turns))

    @cached_property
    def _tokenizer(self) -> SubwordTokenizer:
        from ..network.checkpoint import subword_tokenizer
        from ..network.pretrained import read_tokenizer

        return subword_tokenizer(read_tokenizer(self.encoder))

    def _cut_in_turns(self, lengths: Sequence[int]) -> Iterator[slice]:
        """Yield the rows of each step. lengths: in rising order. No batch of a step is larger than `cut` makes them."""
        longest = [lengths[min(last, len(lengths) - 1)] for last in self._last_of_turns(len(lengths))]
        yield from (slice(rows.start * self.turns, rows.stop * self.turns) for rows in self.cut(longest))

    def _last_of_turns(self, count: int) -> range:
        return range(self.turns - 1, count + self.turns - 1, self.turns)


def _cut_by_kind(segments: Sequence[Segments], lengths: Sequence[int], cut: CutBatches) -> Iterator[list[int]]:
    """Yield the rows of each batch. segments, lengths: (rows,) the texts or pairs, and their subwords."""
    for kind in (str, tuple):
        rows = [row for row, texts in enumerate(segments) if isinstance(texts, kind)]
        rows.sort(key=lengths.__getitem__)
        yield from (rows[batch] for batch in cut([lengths[row] for row in rows]))
