"""From texts to logits and gradients, in pieces that fit the device."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias, cast

import numpy as np
import torch
from torch import Tensor

from ..errors import DoesNotFit, Errors, InvalidError, OutOfMemoryError, Warnings
from ..learning.running_loss import RunningLoss, running_loss
from ..network.memory import is_out_of_memory
from ..network.tokenization import subword_tokenizer
from ..subwords.batches import WindowBatch, group_by_length, recurring_width, window_batch
from ..subwords.template import special_count
from ..subwords.tokenizer import SubwordTokenizer
from ..types import Floats, Ints, Pair, Segments, Subwords, WindowLogits
from .model import TransformerModel, shim_of

CPU_BATCH_SUBWORDS = 2048
GPU_BATCH_SUBWORDS = 32768

Columns: TypeAlias = Sequence[Sequence[Subwords]]
"""Encoded texts: one sequence a segment, each with one entry a text."""

LossOfWindows = Callable[[Tensor, WindowBatch, Ints], Tensor]
"""Takes the logits of some windows, all windows, and the numbers of those; gives their share of the batch's loss."""


@dataclass(frozen=True, slots=True)
class WindowOutputs:
    """Logits of all windows of a batch of texts.

    batch: the windows. groups: the windows that went through the network together. logits: one array a group.
    """

    batch: WindowBatch
    groups: list[Ints]
    logits: list[Floats]

    def sequence_logits(self, n_labels: int) -> WindowLogits:
        """The logits of a sequence classifier in the order of the windows, (windows, labels)."""
        rows = np.empty((len(self.batch), n_labels), dtype=np.float32)
        for group, logits in zip(self.groups, self.logits, strict=True):
            rows[group] = logits
        return rows

    def token_logits(self, windows: Ints, columns: Ints, n_labels: int) -> Floats:
        """The logits of a token classifier at some places, (places, labels).

        windows, columns: (places,) the window of each, and where it stands in the window's row.
        """
        flat, first = self.flat_logits(n_labels)
        return flat[first[windows] + columns]

    def flat_logits(self, n_labels: int) -> tuple[Floats, Ints]:
        """The logits of all rows in one line, (places, labels), and where each window's row starts, (windows,)."""
        first = np.empty(len(self.batch), dtype=np.int64)
        rows, total = [np.empty((0, n_labels), dtype=np.float32)], 0
        for group, logits in zip(self.groups, self.logits, strict=True):
            width = logits.shape[1]
            first[group] = total + width * np.arange(len(group))
            rows.append(logits.reshape(-1, n_labels))
            total += width * len(group)
        return np.concatenate(rows), first


class Runner:
    """Sends texts through a model: subwords, windows, batches by length, and smaller ones where memory is short."""

    def __init__(
        self,
        model: TransformerModel,
        *,
        max_length: int | None = None,
        stride: int = 0,
        max_windows: int | None = None,
        max_batch_subwords: int | None = None,
        windowed_segment: int = 0,
    ):
        """Take the settings.

        max_length: subwords of a window, special tokens included; None takes what the encoder can.
        stride: overlap of windows, in subwords. max_windows: windows of a text in training, at most.
        max_batch_subwords: padded subwords that go through the network at once; None takes 2,048 on a CPU
        and 32,768 on a GPU. windowed_segment: which text of a pair is cut into windows.
        Raises ValueError for settings below what makes sense.
        """
        _check_at_least("max_length", max_length, 1)
        _check_at_least("stride", stride, 0)
        _check_at_least("max_windows", max_windows, 1)
        _check_at_least("max_batch_subwords", max_batch_subwords, 1)
        self._shim = shim_of(model)
        self._model = model
        self._max_length = max_length
        self._stride = stride
        self._max_windows = max_windows
        self._max_batch_subwords = max_batch_subwords
        self._windowed_segment = windowed_segment

    @property
    def max_length(self) -> int:
        """Subwords of a window, special tokens included. Raises ValueError if the encoder can't take so many."""
        limit = self._shim.checkpoint.max_length
        if self._max_length is not None and self._max_length > limit:
            name = self._shim.source.name
            raise InvalidError(Errors.E110.format(max_length=self._max_length, name=name, limit=limit))
        return self._max_length or limit

    def check(self) -> None:
        """Raise ValueError if the encoder can't take `max_length`, or windows of it would not move on."""
        room = self.max_length - special_count(self.subwords.single)
        if room <= self._stride:
            raise InvalidError(Errors.E201.format(capacity=room, stride=self._stride))

    @property
    def max_batch_subwords(self) -> int:
        """Padded subwords that go through the network at once."""
        default = CPU_BATCH_SUBWORDS if self._shim.device.type == "cpu" else GPU_BATCH_SUBWORDS
        return self._max_batch_subwords or default

    @property
    def subwords(self) -> SubwordTokenizer:
        """The encoder's tokenizer."""
        return subword_tokenizer(self._shim.checkpoint.tokenizer)

    def encode(self, texts: Sequence[Segments], *, training: bool = False) -> Columns:
        """Subwords of texts or pairs. training: keep them for the next epoch."""
        is_pair = bool(texts) and isinstance(texts[0], tuple)
        columns = list(zip(*cast(Sequence[Pair], texts), strict=True)) if is_pair else [texts]
        return [self.encode_texts(cast(Sequence[str], column), training=training) for column in columns]

    def encode_texts(
        self, texts: Sequence[str], *, training: bool = False, offsets: bool = False
    ) -> Sequence[Subwords]:
        """Subwords of texts. training: keep them for the next epoch. offsets: whether their characters matter."""
        encode = self.subwords.encode_cached if training else self.subwords.encode
        return encode(texts, offsets=offsets)

    def windows(self, columns: Columns, *, max_windows: int | None = None) -> WindowBatch:
        """Lay out the windows of encoded texts or pairs.

        max_windows: at most so many windows a text. Raises ValueError for a pair that no window can hold.
        """
        is_pair = len(columns) == 2
        try:
            return window_batch(
                columns,
                self.subwords.pair if is_pair else self.subwords.single,
                max_length=self.max_length,
                stride=self._stride,
                windowed=self._windowed_segment if is_pair else 0,
                limit=max_windows,
                pad_id=self.subwords.pad_id,
            )
        except DoesNotFit as err:
            if not is_pair:
                raise
            whole = 1 - self._windowed_segment
            subwords = columns[whole][err.text]
            found = {"which": ("first", "second")[whole], "length": len(subwords), "max_length": self.max_length}
            raise InvalidError(Errors.E205.format(text=self.subwords.decode(subwords.ids[:15]), **found)) from None

    def predict(self, columns: Columns, *, max_windows: int | None = None) -> WindowOutputs:
        """Logits of encoded texts or pairs: windows sorted by length, cut by the subword budget."""
        batch = self.windows(columns, max_windows=max_windows)
        while True:
            groups = group_by_length(batch.lengths, self.max_batch_subwords)
            try:
                return WindowOutputs(batch, groups, self._model.predict(map(batch.padded, groups)))
            except (RuntimeError, MemoryError) as err:
                if not is_out_of_memory(err):
                    raise
            sizes = [len(group) * int(batch.lengths[group].max()) for group in groups]
            if len(groups) == len(batch):
                raise OutOfMemoryError(Errors.E307.format(rows=1, width=max(sizes)))
            self._shrink(max(sizes) // 2)

    def learn(self, columns: Columns, loss: LossOfWindows, *, max_windows: int | None = None) -> RunningLoss | float:
        """Add up the gradients of one batch, worked through in slices of whole texts. Returns the batch's loss."""
        limits = [limit for limit in (max_windows, self._max_windows) if limit is not None]
        batch = self.windows(columns, max_windows=min(limits, default=None))
        total: RunningLoss | float = 0.0
        for rows in self._slices(batch, len(columns[0])):
            total = total + self._learn_slice(batch, rows, loss)
        self._shim.end_update()
        return total

    def _learn_slice(self, batch: WindowBatch, rows: Ints, loss: LossOfWindows) -> RunningLoss | float:
        try:
            return self._backward(batch, rows, loss)
        except (RuntimeError, MemoryError) as err:
            if not is_out_of_memory(err):
                raise
        texts = np.unique(batch.windows.text[rows])
        if len(texts) < 2:
            width = int(batch.lengths[rows].max())
            raise OutOfMemoryError(Errors.E307.format(rows=len(rows), width=width))
        self._shrink(int(batch.lengths[rows].max()) * len(rows) // 2)
        halves = np.array_split(texts, 2)
        return sum((self._learn_slice(batch, _rows_of(batch, half), loss) for half in halves), start=0.0)

    def _backward(self, batch: WindowBatch, rows: Ints, loss: LossOfWindows) -> RunningLoss | float:
        width = int(recurring_width(batch.lengths[rows].max(), self.max_length))
        (logits,), backprop = self._model.begin_update([batch.padded(rows, width=width)])
        leaf = logits.detach().requires_grad_()
        value = loss(leaf, batch, rows)
        backprop(torch.autograd.grad(value, [leaf]))
        return running_loss(value)

    def _slices(self, batch: WindowBatch, n_texts: int) -> Iterable[Ints]:
        """Rows of whole texts, each slice within the budget where a single text allows it; short texts first."""
        longest = np.zeros(n_texts, dtype=np.int64)
        np.maximum.at(longest, batch.windows.text, recurring_width(batch.lengths, self.max_length))
        order = np.argsort(longest, kind="stable")
        counts = np.bincount(batch.windows.text, minlength=n_texts)
        start, windows = 0, 0
        for end, text in enumerate(order):
            windows += int(counts[text])
            if end > start and windows * int(longest[text]) > self.max_batch_subwords:
                yield _rows_of(batch, order[start:end])
                start, windows = end, int(counts[text])
        if start < len(order):
            yield _rows_of(batch, order[start:])

    def _shrink(self, budget: int) -> None:
        budget = max(1, min(budget, self.max_batch_subwords // 2))
        warnings.warn(Warnings.W302.format(budget=budget), stacklevel=2)
        self._max_batch_subwords = budget


def _rows_of(batch: WindowBatch, texts: Ints) -> Ints:
    return np.flatnonzero(np.isin(batch.windows.text, texts))


def _check_at_least(setting: str, value: int | None, smallest: int) -> None:
    if value is not None and value < smallest:
        raise InvalidError(Errors.E308.format(setting=setting, value=value, remedy=f"use {smallest} or more"))
