"""The logits of heads for Docs, computed in the encoder's turn; they wait until the head's own turn."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

from spacy.tokens import Doc
from torch import Tensor

from ...network.inputs import to_numpy
from ...network.network import Network
from ...subwords.batches import WindowBatch
from ...types import Ints
from ..base import BertPipe
from .waiting_logits import LogitsOfDoc, Versions, WaitingLogits
from .window_logits import by_window, head_keys


class HeadReader:
    """Computes the logits of a head from the hidden states of the windows that it reads."""

    def __init__(self, head: BertPipe, docs: Sequence[Doc], encoder: Network):
        """docs: those that the head reads. Raises what it raises for a Doc that it can't read."""
        self.head = head
        self._versions: Versions = encoder.version, head.network.version
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
                by_doc[int(text[window])][keys[window]] = rows.copy()  # alone, not as a view of those of all windows
        waiting.put(self.head, self._versions, [(self._docs[number], logits) for number, logits in by_doc.items()])


def reader_of(head: BertPipe, docs: Sequence[Doc], encoder: Network) -> HeadReader | None:
    """Return what a head reads of Docs; None if it is not ready for them: its own turn says why."""
    try:
        read = head.docs_to_read_ahead(docs)
        reader = HeadReader(head, read, encoder) if len(read) and head.shim.is_initialized else None
    except Exception:  # raised again in the head's own turn, where its error handler is asked
        return None
    return reader if reader is not None and len(reader.batch) else None
