"""Texts as windows of subwords that know which word they belong to."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray
from spacy.language import Language

from ..subwords.alignment import Tokens, overlaps, pool_offsets, tokens_of
from ..subwords.batches import window_batch
from ..subwords.template import Template, special_count
from ..subwords.tokenizer import SubwordTokenizer
from ..subwords.windows import cut_windows, ragged_arange
from ..types import Ints, PaddedBatch, Subwords

NO_WORD = -1
TEXTS_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class WordWindows:
    """Windows over texts that are encoded once and read many times.

    ids, words: (subwords,) vocabulary indices of all texts, and the number of the word that each belongs to; NO_WORD
    for subwords of white space and unknown ones. starts, stops: (windows,) the range of subwords in each.
    template: what stands around each window. pad_id: fills shorter rows.
    """

    ids: NDArray[np.int32]
    words: NDArray[np.int32]
    starts: Ints
    stops: Ints
    template: Template
    pad_id: int

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def lengths(self) -> Ints:
        """(windows,) subwords of each, special tokens included."""
        return self.stops - self.starts + special_count(self.template)

    @property
    def checksum(self) -> int:
        """A number that other texts, another tokenizer or other windows are most unlikely to have."""
        return zlib.crc32(self.starts.tobytes(), zlib.crc32(self.words.tobytes(), zlib.crc32(self.ids.tobytes())))

    def padded(self, rows: Ints) -> tuple[PaddedBatch, Ints]:
        """Some windows as one padded batch, and the words of its subwords.

        Words are (rows, width), with NO_WORD on special tokens and padding.
        """
        ranges = list(zip(self.starts[rows], self.stops[rows], strict=True))
        segment = [Subwords(self.ids[start:stop].astype(np.int64)) for start, stop in ranges]
        longest = int(self.lengths[rows].max())
        batch = window_batch([segment], self.template, max_length=longest, pad_id=self.pad_id)
        padded = batch.padded(np.arange(len(rows)))
        words = np.full(padded.input_ids.shape, NO_WORD, dtype=np.int64)
        sizes = self.stops[rows] - self.starts[rows]
        row, column = np.repeat(np.arange(len(rows)), sizes), ragged_arange(batch.first_column, sizes)
        words[row, column] = np.concatenate([self.words[start:stop] for start, stop in ranges])
        return padded, words


def read_word_windows(
    texts: Iterable[str], nlp: Language, tokenizer: SubwordTokenizer, *, special_ids: Sequence[int], max_length: int
) -> WordWindows:
    """Encode texts, find the subwords of each of spaCy's tokens, and cut windows.

    nlp: whose tokenizer says what a word is. special_ids: subwords that belong to no word.
    max_length: subwords of a window at most, special tokens included. Windows without a word are left out.
    Raises DoesNotFit if max_length leaves no room for text.
    """
    ids, words, lengths = [np.zeros(0, np.int32)], [np.zeros(0, np.int32)], list[int]()
    words_before = 0
    for chunk in _chunks(texts):
        subwords = tokenizer.encode(chunk, offsets=True)
        with nlp.memory_zone():
            found = words_of(tokens_of([nlp.tokenizer(text) for text in chunk]), subwords)
        flat = np.concatenate([text.ids for text in subwords])
        found[np.isin(flat, special_ids)] = NO_WORD
        ids.append(flat.astype(np.int32))
        words.append(np.where(found == NO_WORD, NO_WORD, found + words_before).astype(np.int32))
        lengths.extend(map(len, subwords))
        words_before += int(found.max(initial=NO_WORD)) + 1
    all_words = np.concatenate(words)
    starts, stops = _cut(np.array(lengths, dtype=np.int64), max_length - special_count(tokenizer.single))
    known = np.concatenate([[0], np.cumsum(all_words != NO_WORD)])
    kept = known[stops] > known[starts]
    return WordWindows(np.concatenate(ids), all_words, starts[kept], stops[kept], tokenizer.single, tokenizer.pad_id)


def words_of(tokens: Tokens, subwords: Sequence[Subwords]) -> Ints:
    """The number of the word that each subword belongs to, (subwords,), in the order of the texts.

    tokens, subwords: of the same texts, subwords with offsets. Tokens that share a subword are one word; a subword
    without a token has NO_WORD.
    """
    base = tokens.base
    _, spans = pool_offsets(subwords, base)
    ranges = overlaps(spans, tokens.offsets + base[tokens.text, None])
    words = np.full(len(spans), NO_WORD, dtype=np.int64)
    covered = np.flatnonzero(ranges[:, 0] < ranges[:, 1])
    begins = np.ones(len(covered), dtype=bool)
    begins[1:] = ranges[covered[1:], 0] >= ranges[covered[:-1], 1]
    words[covered] = np.cumsum(begins) - 1
    return words


def _cut(lengths: Ints, capacity: int) -> tuple[Ints, Ints]:
    windows = cut_windows(lengths, np.full(len(lengths), capacity))
    base = (np.cumsum(lengths) - lengths)[windows.text]
    return base + windows.start, base + windows.stop


def _chunks(texts: Iterable[str]) -> Iterator[list[str]]:
    remaining = iter(texts)
    while chunk := list(islice(remaining, TEXTS_AT_ONCE)):
        yield chunk
