"""A cache of the subwords of texts."""

from __future__ import annotations

import sys
from collections import OrderedDict

from ..forks import fork_safe_lock
from ..types import Subwords

MAX_BYTES = 256 * 2**20


class SubwordCache:
    """A bounded least-recently-used map from text to subwords, safe under threads.

    The text itself is the key: spaCy copies Docs at every training step, so the identity of a Doc can't be the key.
    """

    def __init__(self, max_bytes: int = MAX_BYTES):
        """max_bytes: the memory that all entries may take, as `entry_bytes` counts it."""
        self._max_bytes = max_bytes
        self._used_bytes = 0
        self._entries: OrderedDict[str, Subwords] = OrderedDict()
        self._lock = fork_safe_lock()

    def __len__(self) -> int:
        return len(self._entries)

    def __reduce__(self) -> tuple:
        return SubwordCache, (self._max_bytes,)

    def get(self, text: str, *, offsets: bool) -> Subwords | None:
        """Return the subwords of a text; None if they are not kept, or kept without the offsets asked for."""
        with self._lock:
            subwords = self._entries.get(text)
            if subwords is None or (offsets and subwords.offsets is None):
                return None
            self._entries.move_to_end(text)
            return subwords

    def put(self, text: str, subwords: Subwords) -> None:
        """Keep the subwords of a text, in place of those unused for longest.

        A text larger than all of the cache is not kept.
        """
        size = entry_bytes(text, subwords)
        if size > self._max_bytes:
            return
        with self._lock:
            replaced = self._entries.pop(text, None)
            self._used_bytes += size - (entry_bytes(text, replaced) if replaced is not None else 0)
            self._entries[text] = subwords
            while self._used_bytes > self._max_bytes:
                self._used_bytes -= entry_bytes(*self._entries.popitem(last=False))


def entry_bytes(text: str, subwords: Subwords) -> int:
    """Return the bytes that a text and its subwords take in memory."""
    arrays = [subwords.ids] if subwords.offsets is None else [subwords.ids, subwords.offsets]
    return sys.getsizeof(text) + sum(sys.getsizeof(array) for array in arrays)
