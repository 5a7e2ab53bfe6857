"""Windows over texts, with the number of the word of each subword."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray
from spacy.language import Language

from ..subwords.alignment import TextTokens, overlaps, pool_offsets, tokens_of
from ..subwords.batches import window_batch
from ..subwords.special_tokens import Template, special_count
from ..subwords.tokenizer import SubwordTokenizer
from ..subwords.windows import cut_windows, ragged_arange
from ..types import Ints, PaddedBatch, Subwords

NO_WORD = -1
TEXTS_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class WordWindows:
    """Windows over texts that are encoded once and read many times.

    ids: (subwords,) vocabulary indices of the subwords of all texts.
    words: (subwords,) number of the word of each; NO_WORD for white space and unknown subwords.
    starts, stops: (windows,) the range of subwords in each window.
    template: the special tokens around each window. pad_id: the vocabulary index that fills shorter rows.
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
        """(windows,) subwords of each window, special tokens included."""
        return self.stops - self.starts + special_count(self.template)

    @property
    def checksum(self) -> int:
        """A number that differs, almost surely, for other texts, another tokenizer or other windows."""
        return zlib.crc32(self.starts.tobytes(), zlib.crc32(self.words.tobytes(), zlib.crc32(self.ids.tobytes())))

    def padded(self, rows: Ints) -> tuple[PaddedBatch, Ints]:
        """Return some windows as a padded batch, and the words of its subwords, (rows, width).

        rows: (rows,) numbers of windows. Special tokens and padding have NO_WORD.
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
    """Return windows over texts, without those that have no word.

    nlp: the pipeline whose tokenizer says what a word is. special_ids: vocabulary indices that belong to no word.
    max_length: subwords of a window at most, special tokens included.
    Raises DoesNotFit if max_length leaves no room for text.
    """
    ids, words, lengths = [np.zeros(0, np.int32)], [np.zeros(0, np.int32)], list[int]()
    words_before = 0
    for chunk in _chunks(texts):
        subwords = tokenizer.encode(chunk, offsets=True)
        with nlp.memory_zone():
            chunk_words = words_of(tokens_of([nlp.tokenizer(text) for text in chunk]), subwords)
        chunk_ids = np.concatenate([text.ids for text in subwords])
        chunk_words[np.isin(chunk_ids, special_ids)] = NO_WORD
        ids.append(chunk_ids.astype(np.int32))
        words.append(np.where(chunk_words == NO_WORD, NO_WORD, chunk_words + words_before).astype(np.int32))
        lengths.extend(map(len, subwords))
        words_before += int(chunk_words.max(initial=NO_WORD)) + 1
    all_words = np.concatenate(words)
    starts, stops = _cut(np.array(lengths, dtype=np.int64), max_length - special_count(tokenizer.single))
    subwords_with_word = np.concatenate([[0], np.cumsum(all_words != NO_WORD)])
    kept = subwords_with_word[stops] > subwords_with_word[starts]
    return WordWindows(np.concatenate(ids), all_words, starts[kept], stops[kept], tokenizer.single, tokenizer.pad_id)


def words_of(tokens: TextTokens, subwords: Sequence[Subwords]) -> Ints:
    """Return the number of the word of each subword, (subwords,), in the order of the texts.

    tokens: the tokens of some texts. subwords: the subwords of each of these texts, with offsets.
    TextTokens that share a subword are one word; a subword without a token has NO_WORD.
    """
    base = tokens.base
    _, offsets = pool_offsets(subwords, base)
    ranges = overlaps(offsets, tokens.offsets + base[tokens.text, None])
    words = np.full(len(offsets), NO_WORD, dtype=np.int64)
    covered = np.flatnonzero(ranges[:, 0] < ranges[:, 1])
    begins = np.ones(len(covered), dtype=bool)
    begins[1:] = ranges[covered[1:], 0] >= ranges[covered[:-1], 1]
    words[covered] = np.cumsum(begins) - 1
    return words


def _cut(lengths: Ints, capacity: int) -> tuple[Ints, Ints]:
    """Return the range of each window among the subwords of all texts: (windows,) starts and stops."""
    windows = cut_windows(lengths, np.full(len(lengths), capacity))
    base = (np.cumsum(lengths) - lengths)[windows.text]
    return base + windows.start, base + windows.stop


def _chunks(texts: Iterable[str]) -> Iterator[list[str]]:
    remaining = iter(texts)
    while chunk := list(islice(remaining, TEXTS_AT_ONCE)):
        yield chunk
