"""The logits of single windows, which wait for a head."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...subwords.batches import WindowBatch
from ...subwords.unique_windows import flat_windows
from ...types import Floats, Ints


def head_keys(batch: WindowBatch) -> list[bytes]:
    """Return a key for each window: of its subwords, and of the spans that are scored in it."""
    keys = flat_windows(batch).keys()
    if batch.spans is None:
        return keys
    spans = batch.spans
    number, _ = spans.in_windows(np.arange(len(batch)))
    columns = np.stack(
        [batch.columns(spans.window[number], part[number]) for part in (spans.first, spans.last)], axis=1
    )
    parts = np.split(columns, np.cumsum(span_counts(batch, np.arange(len(batch))))[:-1])
    return [key + part.tobytes() for key, part in zip(keys, parts, strict=True)]


def span_counts(batch: WindowBatch, windows: Ints) -> Ints:
    """Return how many spans are scored in each of some windows, (windows,)."""
    assert batch.spans is not None
    owners = batch.spans.window
    return np.searchsorted(owners, windows, side="right") - np.searchsorted(owners, windows, side="left")


def by_window(logits: Floats, batch: WindowBatch, windows: Ints) -> list[Floats]:
    """Return the logits of each window, without padding. logits: of these windows of a batch, as a network gives them.

    They are (labels,) for sequences, (subwords, labels) for tokens, and (spans, labels) for spans.
    """
    if batch.spans is not None:
        return np.split(logits, np.cumsum(span_counts(batch, windows))[:-1])
    if logits.ndim == 2:
        return list(logits)
    return [rows[:length] for rows, length in zip(logits, batch.lengths[windows], strict=True)]


def joined(logits: Sequence[Floats], *, spans: bool) -> Floats:
    """Return the logits of several windows as a network gives them together. spans: whether they are of spans."""
    if spans:
        return np.concatenate(logits)
    if logits[0].ndim == 1:
        return np.stack(logits)
    rows = np.zeros((len(logits), max(map(len, logits)), logits[0].shape[1]), dtype=np.float32)
    for row, part in zip(rows, logits, strict=True):
        row[: len(part)] = part
    return rows
