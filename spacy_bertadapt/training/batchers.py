"""Training batches of texts, or of pairs, of similar length, so that little is padded."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from itertools import islice

from spacy.training import Example

from ..errors import require_at_least
from ..network.encoder_source import EncoderSource
from ..subwords.budget import cut_by_budget
from ..subwords.tokenizer import SubwordTokenizer
from ..tasks.pair_docs import segments_of
from ..types import Segments

Batch = list[Example]
Batcher = Callable[[Iterable[Example]], Iterator[Batch]]
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

    return _batcher_by_length(EncoderSource(encoder, revision), cut, pool=pool * size)


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

    return _batcher_by_length(EncoderSource(encoder, revision), cut, pool=pool)


def _batcher_by_length(encoder: EncoderSource, cut: CutBatches, *, pool: int) -> Batcher:
    @cache
    def tokenizer() -> SubwordTokenizer:
        from ..network.checkpoint import subword_tokenizer
        from ..network.pretrained import read_tokenizer

        return subword_tokenizer(read_tokenizer(encoder))

    def batches(examples: Iterable[Example]) -> Iterator[Batch]:
        stream = iter(examples)
        while drawn := list(islice(stream, pool)):
            random.shuffle(drawn)
            segments = [segments_of(example.reference) for example in drawn]
            lengths = tokenizer().lengths(segments, cached=True)
            groups = list(_cut_by_kind(segments, lengths, cut))
            random.shuffle(groups)
            yield from ([drawn[row] for row in rows] for rows in groups)

    return batches


def _cut_by_kind(segments: Sequence[Segments], lengths: Sequence[int], cut: CutBatches) -> Iterator[list[int]]:
    """Yield the rows of each batch. segments, lengths: (rows,) the texts or pairs, and their subwords."""
    for kind in (str, tuple):
        rows = [row for row, texts in enumerate(segments) if isinstance(texts, kind)]
        rows.sort(key=lengths.__getitem__)
        yield from (rows[batch] for batch in cut([lengths[row] for row in rows]))
