"""The different windows of several batches: what several heads read of the same texts, each once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np

from ..types import Ints, PaddedBatch
from .batches import WindowBatch
from .windows import ragged_arange


@dataclass(frozen=True, slots=True)
class FlatWindows:
    """Windows laid end to end.

    ids, types: (subwords,) vocabulary indices and token types of all windows, special tokens included.
    lengths: (windows,) subwords of each. pad_id: the vocabulary index that fills shorter rows.
    """

    ids: Ints
    types: Ints
    lengths: Ints
    pad_id: int

    def __len__(self) -> int:
        return len(self.lengths)

    @property
    def starts(self) -> Ints:
        """(windows,) where each window begins."""
        return np.cumsum(self.lengths) - self.lengths

    def keys(self) -> list[bytes]:
        """Return a key for each window: a digest of its subwords and token types."""
        starts, stops = self.starts.tolist(), np.cumsum(self.lengths).tolist()
        has_types = bool(self.types.any())
        keys = []
        for start, stop in zip(starts, stops, strict=True):
            digest = blake2b(self.ids[start:stop].tobytes(), digest_size=16)
            if has_types and self.types[start:stop].any():
                digest.update(self.types[start:stop].tobytes())
            keys.append(digest.digest())
        return keys

    def select(self, rows: Ints) -> FlatWindows:
        """Return some of the windows, in this order."""
        source = ragged_arange(self.starts[rows], self.lengths[rows])
        return FlatWindows(self.ids[source], self.types[source], self.lengths[rows], self.pad_id)

    def padded(self, rows: Ints, *, width: int | None = None) -> PaddedBatch:
        """Return some windows as a padded batch. width: its columns; None: those of the longest row."""
        chosen = self.select(rows)
        mask = np.arange(width or chosen.lengths.max()) < chosen.lengths[:, None]
        ids = np.full(mask.shape, self.pad_id, dtype=np.int64)
        ids[mask] = chosen.ids
        types = None
        if self.types.any():
            types = np.zeros(mask.shape, dtype=np.int64)
            types[mask] = chosen.types
        return PaddedBatch(ids, None if mask.all() else mask, types)


def flat_windows(batch: WindowBatch) -> FlatWindows:
    """Return the windows of a batch, in their order, laid end to end."""
    source = ragged_arange(batch.starts.ravel(), batch.counts.ravel())
    return FlatWindows(batch.pool[source], batch.pool_types[source], batch.lengths, batch.pad_id)


def flat_rows(batch: PaddedBatch) -> FlatWindows:
    """Return the rows of a padded batch, in their order, laid end to end without the padding."""
    mask = np.ones(batch.input_ids.shape, dtype=bool) if batch.mask is None else batch.mask
    types = np.zeros_like(batch.input_ids) if batch.token_type_ids is None else batch.token_type_ids
    return FlatWindows(batch.input_ids[mask], types[mask], mask.sum(axis=1), pad_id=0)


def unique_windows(batches: Sequence[WindowBatch]) -> tuple[FlatWindows, list[Ints]]:
    """Return the different windows of several batches, and the number of each batch's windows among them.

    batches: one or more, of one tokenizer. Returns also, for each batch, (windows,) numbers.
    """
    known: dict[bytes, int] = {}
    parts, places = [], []
    for flat in map(flat_windows, batches):
        keys = flat.keys()
        new = []
        for row, key in enumerate(keys):
            if key not in known:
                known[key] = len(known)
                new.append(row)
        parts.append(flat.select(np.array(new, dtype=np.int64)))
        places.append(np.array([known[key] for key in keys], dtype=np.int64))
    ids, types, lengths = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("ids", "types", "lengths")
    )
    return FlatWindows(ids, types, lengths, parts[0].pad_id), places
