"""Subwords of texts that come again."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock

from ..types import Subwords

MAX_SUBWORDS = 8_000_000


class SubwordCache:
    """A bounded least-recently-used map from text to subwords, safe under threads.

    The text itself is the key: spaCy copies Docs at every training step, so a Doc's identity says nothing.
    """

    def __init__(self, max_subwords: int = MAX_SUBWORDS):
        """max_subwords: how many subwords are kept in all; 8 bytes each, 24 with offsets. Empty texts count as one."""
        self._max_subwords = max_subwords
        self._kept = 0
        self._entries: OrderedDict[str, Subwords] = OrderedDict()
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._entries)

    def __reduce__(self) -> tuple:
        return SubwordCache, (self._max_subwords,)

    def get(self, text: str, *, offsets: bool) -> Subwords | None:
        """The subwords of a text, or None if they are not kept, or kept without the offsets asked for."""
        with self._lock:
            subwords = self._entries.get(text)
            if subwords is None or (offsets and subwords.offsets is None):
                return None
            self._entries.move_to_end(text)
            return subwords

    def put(self, text: str, subwords: Subwords) -> None:
        """Keep the subwords of a text; the texts that were longest unused make room. Too long a text is not kept."""
        if _cost(subwords) > self._max_subwords:
            return
        with self._lock:
            replaced = self._entries.pop(text, None)
            self._kept += _cost(subwords) - (_cost(replaced) if replaced is not None else 0)
            self._entries[text] = subwords
            while self._kept > self._max_subwords:
                _, dropped = self._entries.popitem(last=False)
                self._kept -= _cost(dropped)


def _cost(subwords: Subwords) -> int:
    return max(1, len(subwords))
