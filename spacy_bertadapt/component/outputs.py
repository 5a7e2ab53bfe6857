"""The logits of all windows of a batch of texts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..subwords.batches import WindowBatch
from ..types import Floats, Ints, WindowLogits


@dataclass(frozen=True, slots=True)
class WindowOutputs:
    """Logits of all windows of a batch of texts.

    batch: the windows. groups: numbers of windows that went through the network together. logits: one array a group.
    """

    batch: WindowBatch
    groups: list[Ints]
    logits: list[Floats]

    def sequence_logits(self, n_labels: int) -> WindowLogits:
        """Return the logits of a sequence classifier in the order of the windows, (windows, labels)."""
        rows = np.empty((len(self.batch), n_labels), dtype=np.float32)
        for group, logits in zip(self.groups, self.logits, strict=True):
            rows[group] = logits
        return rows

    def token_logits(self, windows: Ints, columns: Ints, n_labels: int) -> Floats:
        """Return the logits of a token classifier at some places, (places, labels).

        windows, columns: (places,) the window of each, and where it stands in the window's row.
        """
        flat, first = self.flat_logits(n_labels)
        return flat[first[windows] + columns]

    def flat_logits(self, n_labels: int) -> tuple[Floats, Ints]:
        """Return the logits of all rows in one line, (places, labels), and where each window starts, (windows,)."""
        first = np.empty(len(self.batch), dtype=np.int64)
        rows, total = [np.empty((0, n_labels), dtype=np.float32)], 0
        for group, logits in zip(self.groups, self.logits, strict=True):
            width = logits.shape[1]
            first[group] = total + width * np.arange(len(group))
            rows.append(logits.reshape(-1, n_labels))
            total += width * len(group)
        return np.concatenate(rows), first

    def span_logits(self, n_labels: int) -> Floats:
        """Return the logits of a span classifier in the order of the batch's spans, (spans, labels)."""
        n_spans = 0 if self.batch.spans is None else len(self.batch.spans)
        rows = np.empty((n_spans, n_labels), dtype=np.float32)
        for group, logits in zip(self.groups, self.logits, strict=True):
            rows[self.batch.spans_of(group)] = logits
        return rows
