"""The logits that an encoder has computed for its heads, until they take them in their own turn."""

from __future__ import annotations

import weakref
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from spacy.tokens import Doc

from ...forks import fork_safe_lock
from ...types import Floats

LogitsOfDoc: TypeAlias = dict[bytes, Floats]
"""The logits of the windows of a Doc, by the keys of `head_keys`."""

Versions: TypeAlias = tuple[object, object]
"""The `Network.version` of an encoder, and that of a head on it."""

MOST_BYTES = 2**26
WINDOW_BYTES = 512  # of Python's objects around the logits of a window


@dataclass(slots=True)
class _OfHead:
    """The logits that wait for a head. versions: of the weights that they come from. bytes: they take at most."""

    versions: Versions
    docs: MutableMapping[Doc, LogitsOfDoc] = field(default_factory=weakref.WeakKeyDictionary)
    bytes: int = 0

    def make_room(self) -> None:
        """Drop the oldest logits until what is left takes half of `MOST_BYTES`, if it takes more than all of them."""
        if self.bytes <= MOST_BYTES:
            return
        sizes = [(doc, _bytes_of(logits)) for doc, logits in self.docs.items()]
        self.bytes = sum(size for _, size in sizes)
        for doc, size in sizes:
            if self.bytes <= MOST_BYTES // 2:
                break
            self.docs.pop(doc, None)
            self.bytes -= size


class WaitingLogits:
    """The logits that wait for heads, by head and Doc. They keep neither alive, and are not pickled.

    Those of earlier weights are never given out. Of a head that doesn't take them, `MOST_BYTES` are kept, and those of
    the encoder's last turn: a head for which none wait any more has them computed again.
    """

    def __init__(self) -> None:
        self._by_head: MutableMapping[object, _OfHead] = weakref.WeakKeyDictionary()
        self._lock = fork_safe_lock()

    def put(self, head: object, versions: Versions, logits: Sequence[tuple[Doc, LogitsOfDoc]]) -> None:
        """Keep the logits of a head for the Docs of one turn of the encoder.

        versions: of the weights that they were computed with.
        """
        with self._lock:
            of_head = self._by_head.get(head)
            if of_head is None or of_head.versions != versions:
                of_head = self._by_head[head] = _OfHead(versions)
            of_head.make_room()
            for doc, of_doc in logits:
                of_head.docs.pop(doc, None)  # the order of the Docs is that in which they came
                of_head.docs[doc] = of_doc
                of_head.bytes += _bytes_of(of_doc)

    def take(self, head: object, versions: Versions, docs: Sequence[Doc]) -> list[Mapping[bytes, Floats]]:
        """Return what was kept of a head for each Doc, and keep it no longer. versions: of the weights now."""
        with self._lock:
            of_head = self._by_head.get(head)
            if of_head is None or of_head.versions != versions:
                self._by_head.pop(head, None)
                return [{} for _ in docs]
            taken = [of_head.docs.pop(doc, {}) for doc in docs]
            of_head.bytes -= sum(map(_bytes_of, taken))
            return list(taken)

    def __reduce__(self) -> tuple[type[WaitingLogits], tuple[()]]:
        return WaitingLogits, ()


def _bytes_of(logits: LogitsOfDoc) -> int:
    return sum(rows.nbytes + WINDOW_BYTES for rows in logits.values())
