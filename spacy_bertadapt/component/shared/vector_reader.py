"""Vectors of Docs and tokens, as means of hidden states."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from spacy.attrs import IDX
from spacy.tokens import Doc
from torch import Tensor

from ...network.inputs import to_device, to_numpy
from ...subwords.alignment import Alignment, align, tokens_of
from ...subwords.batches import WindowBatch
from ...subwords.windows import ragged_arange
from ...types import Floats, Ints
from ..runner import Runner
from ..texts import EncodedTexts
from .doc_vectors import DocVectors

MEAN, CLS = "mean", "cls"


class VectorReader:
    """Sums the hidden states of Docs and tokens, window by window.

    Windows must not overlap. A subword across a border of tokens counts for both.
    """

    def __init__(self, runner: Runner, docs: Sequence[Doc], *, pooling: str, hidden_size: int):
        """runner: cuts Docs into windows. pooling: "mean" of all subwords, or "cls", that of each window's first."""
        subwords = runner.encode_segment([doc.text for doc in docs], offsets=True)
        self.batch: WindowBatch = runner.windows(EncodedTexts([subwords]))
        self._docs, self._pooling = docs, pooling
        self._alignment: Alignment = align(tokens_of(docs), subwords)
        self._token, self._window, self._column = self._subwords_of_tokens()
        self._doc_sums = np.zeros((len(docs), hidden_size), dtype=np.float32)
        self._token_sums = np.zeros((len(self._alignment), hidden_size), dtype=np.float32)

    def read(self, states: Tensor, windows: Ints) -> Callable[[], None]:
        """Sum the hidden states of some windows: see `Reader.read`."""
        doc_sums = self._sums_of_windows(states, windows)
        tokens, token_sums = self._sums_of_tokens(states, windows)

        def keep() -> None:
            np.add.at(self._doc_sums, self.batch.windows.text[windows], doc_sums)
            self._token_sums[tokens] += token_sums

        return keep

    def vectors(self) -> Iterator[DocVectors]:
        """Yield the vectors of each Doc."""
        alignment, text = self._alignment, self.batch.windows.text
        counts = np.bincount(text, weights=None if self._pooling == CLS else self.batch.lengths)
        doc_means = (self._doc_sums / counts[:, None]).astype(np.float32)
        token_means = self._token_sums / (alignment.last - alignment.first + 1)[:, None].astype(np.float32)
        borders = np.searchsorted(alignment.text, np.arange(len(self._docs) + 1)).tolist()
        for number, doc in enumerate(self._docs):
            own = slice(borders[number], borders[number + 1])
            tokens = np.zeros((len(doc), doc_means.shape[1]), dtype=np.float32)
            tokens[alignment.token[own]] = token_means[own]
            yield DocVectors(doc_means[number].copy(), tokens, doc.to_array(IDX).astype(np.int64))

    def _sums_of_windows(self, states: Tensor, windows: Ints) -> Floats:
        """Return the sum of what is pooled of each window, (windows, hidden)."""
        lengths = self.batch.lengths[windows]
        inside = np.arange(states.shape[1]) < (1 if self._pooling == CLS else lengths[:, None])
        return to_numpy((states * to_device(inside.astype(np.float32), states.device)[..., None]).sum(1))

    def _sums_of_tokens(self, states: Tensor, windows: Ints) -> tuple[Ints, Floats]:
        """Return the numbers of the tokens in some windows, and the sum of the subwords of each, (tokens, hidden)."""
        row_of = np.full(len(self.batch), -1, dtype=np.int64)
        row_of[windows] = np.arange(len(windows))
        chosen = np.flatnonzero(row_of[self._window] >= 0)
        tokens, number = np.unique(self._token[chosen], return_inverse=True)
        place = row_of[self._window[chosen]] * states.shape[1] + self._column[chosen]
        rows = states.flatten(0, 1).index_select(0, to_device(place, states.device)).float()
        sums = torch.zeros(len(tokens), states.shape[-1], device=states.device)
        return tokens, to_numpy(sums.index_add_(0, to_device(number, states.device), rows))

    def _subwords_of_tokens(self) -> tuple[Ints, Ints, Ints]:
        """Return for each subword of each token: number of the token, its window, and its column there."""
        alignment, windows = self._alignment, self.batch.windows
        counts = alignment.last - alignment.first + 1
        token, subword = np.repeat(np.arange(len(alignment)), counts), ragged_arange(alignment.first, counts)
        reach = int(windows.stop.max(initial=0)) + 1
        window = np.searchsorted(windows.text * reach + windows.start, alignment.text[token] * reach + subword, "right")
        return token, window - 1, self.batch.columns(window - 1, subword)
