"""Training batches of texts of like length, so that little is padded."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice

from spacy.training import Example

from ..errors import Errors, InvalidError
from ..network.source import EncoderSource
from ..tasks.pair_docs import segments_of

Batch = list[Example]
Batcher = Callable[[Iterable[Example]], Iterator[Batch]]
CutBatches = Callable[[Sequence[int]], Iterator[slice]]


def length_batcher(size: int, encoder: str, revision: str | None = None, pool: int = 100) -> Batcher:
    """Batches of `size` examples of like length.

    encoder, revision: whose subwords are counted: the names of the component's encoder.
    pool: how many batches are drawn at random before they are sorted by length; the batches are then shuffled. The
    more, the less is padded, and the more alike are the texts of a batch: questions on one context come together.
    Raises ValueError for a size or pool below 1.
    """
    _check_positive("size", size)
    _check_positive("pool", pool)

    def cut(lengths: Sequence[int]) -> Iterator[slice]:
        return (slice(start, start + size) for start in range(0, len(lengths), size))

    return _by_length(EncoderSource(encoder, revision), cut, pool=pool * size)


def subword_batcher(subwords: int, encoder: str, revision: str | None = None, pool: int = 3200) -> Batcher:
    """Batches of like length whose padded size is at most `subwords`; a longer text stands alone.

    encoder, revision: as of LengthBatcher.v1. pool: how many examples are drawn at random before they are sorted.
    Raises ValueError for a budget or pool below 1.
    """
    _check_positive("subwords", subwords)
    _check_positive("pool", pool)

    def cut(lengths: Sequence[int]) -> Iterator[slice]:
        start = 0
        for end, length in enumerate(lengths):
            if end > start and (end + 1 - start) * length > subwords:
                yield slice(start, end)
                start = end
        yield slice(start, len(lengths))

    return _by_length(EncoderSource(encoder, revision), cut, pool=pool)


def _by_length(encoder: EncoderSource, cut: CutBatches, *, pool: int) -> Batcher:
    def batches(examples: Iterable[Example]) -> Iterator[Batch]:
        stream = iter(examples)
        while drawn := list(islice(stream, pool)):
            random.shuffle(drawn)
            lengths = _subword_lengths(encoder, drawn)
            order = sorted(range(len(drawn)), key=lengths.__getitem__)
            found = [order[rows] for rows in cut([lengths[row] for row in order])]
            random.shuffle(found)
            yield from ([drawn[row] for row in rows] for rows in found)

    return batches


def _subword_lengths(encoder: EncoderSource, examples: Sequence[Example]) -> list[int]:
    from ..network.tokenization import encoder_subword_tokenizer

    segments = [segments_of(example.reference) for example in examples]
    return encoder_subword_tokenizer(encoder).lengths(segments, cached=True)


def _check_positive(setting: str, value: int) -> None:
    if value < 1:
        raise InvalidError(Errors.E308.format(setting=setting, value=value, remedy="use 1 or more"))
