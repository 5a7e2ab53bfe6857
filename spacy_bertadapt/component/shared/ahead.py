"""What heads will say of Docs, computed in the encoder's turn: logits, which wait until the head's own turn."""

from __future__ import annotations

import weakref
from collections import defaultdict
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from typing import TypeAlias

from spacy.tokens import Doc
from torch import Tensor

from ...network.inputs import to_numpy
from ...subwords.batches import WindowBatch
from ...types import Floats, Ints
from ..base import BertPipe
from .window_logits import by_window, head_keys

LogitsOfDoc: TypeAlias = dict[bytes, Floats]
"""The logits of the windows of a Doc, by the keys of `head_keys`."""


class WaitingLogits:
    """The logits that wait for heads, by Doc. They keep no Doc alive, and are not pickled."""

    def __init__(self) -> None:
        self._by_doc: MutableMapping[Doc, dict[int, LogitsOfDoc]] = weakref.WeakKeyDictionary()

    def put(self, doc: Doc, head: object, logits: LogitsOfDoc) -> None:
        """Keep the logits of a head for a Doc."""
        self._by_doc.setdefault(doc, {})[id(head)] = logits

    def take(self, doc: Doc, head: object) -> Mapping[bytes, Floats]:
        """Return what was kept of a head for a Doc, and keep it no longer."""
        return self._by_doc.get(doc, {}).pop(id(head), {})

    def clear(self) -> None:
        """Keep nothing, as after the encoder has changed."""
        self._by_doc.clear()

    def __reduce__(self) -> tuple[type[WaitingLogits], tuple[()]]:
        return WaitingLogits, ()


class HeadReader:
    """Computes the logits of a head from the hidden states of the windows that it reads."""

    def __init__(self, head: BertPipe, docs: Sequence[Doc]):
        """docs: those that the head reads. Raises what it raises for a Doc that it can't read."""
        self.head = head
        self._docs = docs
        self.batch: WindowBatch = head.runner.windows(head.encode(docs))
        self._logits: list[tuple[Ints, Tensor]] = []

    def read(self, states: Tensor, windows: Ints) -> Callable[[], None]:
        """Run the head on the hidden states of some windows: see `Reader.read`."""
        network = self.head.network
        batch = network.batch(self.batch.padded(windows))
        logits = network.head(states.to(network.device), batch)
        return lambda: self._logits.append((windows, logits))

    def leave(self, waiting: WaitingLogits) -> None:
        """Leave the logits for the head's turn."""
        keys, text = head_keys(self.batch), self.batch.windows.text
        by_doc: defaultdict[int, LogitsOfDoc] = defaultdict(dict)
        for windows, logits in self._logits:
            for window, rows in zip(windows.tolist(), by_window(to_numpy(logits), self.batch, windows), strict=True):
                by_doc[int(text[window])][keys[window]] = rows
        for number, logits_of_doc in by_doc.items():
            waiting.put(self._docs[number], self.head, logits_of_doc)


def reader_of(head: BertPipe, docs: Sequence[Doc]) -> HeadReader | None:
    """Return what a head reads of Docs; None if it is not ready for them: its own turn says why."""
    try:
        read = head.docs_to_read(docs)
        reader = HeadReader(head, read) if len(read) and head.shim.is_initialized else None
    except Exception:  # raised again in the head's own turn, where its error handler is asked
        return None
    return reader if reader is not None and len(reader.batch) else None
