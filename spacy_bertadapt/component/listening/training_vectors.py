"""The vectors that a head learns from, and their gradients, which go to whoever computed the vectors."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from spacy.tokens import Doc
from spacy.training import Example
from thinc.api import Model, set_dropout_rate, torch2xp
from torch import Tensor

from ...errors import Errors, InvalidError
from ...network.transformers_calls import first_line
from .upstream_names import upstream_names
from .vectors import Arrays, DocRows, table_of_vectors

Backprop = Callable[[Arrays], object]


class TrainingVectors:
    """The vectors of a batch of examples, which get gradients.

    The vectors are those of the predicted Docs, as their tokens are the pipeline's; gold is in the references.
    """

    def __init__(
        self,
        examples: Sequence[Example],
        tok2vec: Model[Any, Any],
        *,
        drop: float,
        width: int,
        device: torch.device,
        name: str,
    ):
        """Take the vectors. name: of the component that is listened to. Other arguments: see `table_of_vectors`.

        Raises ValueError if there are none, or if a predicted Doc has another text than its reference.
        """
        docs = [example.predicted for example in examples]
        _check_texts(examples)
        set_dropout_rate(tok2vec, drop)
        arrays, self._backprop = _begin_update(tok2vec, docs, name)
        read = table_of_vectors(docs, arrays, width=width, device=device)
        self._arrays, self._lengths = arrays, [len(doc) for doc in docs]
        self._ops = tok2vec.ops
        self._by_reference: defaultdict[int, deque[DocRows]] = defaultdict(deque)
        for example, vectors in zip(examples, read, strict=True):
            self._by_reference[id(example.reference)].append(vectors)
        self.table = read[0].table.requires_grad_()

    def vectors(self, reference: Doc) -> DocRows:
        """Return the vectors that stand for a reference Doc; of one that comes several times, those of the next."""
        copies = self._by_reference[id(reference)]
        copies.rotate(-1)
        return copies[-1]

    def finish(self, count: int) -> None:
        """Hand the gradient of the mean loss to whoever computed the vectors; zeros where nothing was learned.

        count: the examples or tokens whose losses were summed. Without this call, the last listener of a component
        would keep back the gradients of the others.
        """
        gradient = self.table.grad
        if gradient is None or not count or not bool(gradient.isfinite().all()):
            gradient = torch.zeros_like(self.table)
        rows = (gradient[1:] / max(count, 1)).split(self._lengths)
        self._backprop([self._as_given(part, array) for part, array in zip(rows, self._arrays, strict=True)])

    def _as_given(self, gradient: Tensor, array: Any) -> Any:
        """Return the gradient of a Doc's vectors as an array like theirs, which may be empty for white space."""
        return torch2xp(gradient.contiguous(), ops=self._ops) if array.size else array


def _begin_update(tok2vec: Model[Any, Any], docs: Sequence[Doc], name: str) -> tuple[Arrays, Backprop]:
    """Return the vectors of Docs in training, and the function that takes their gradients."""
    try:
        return tok2vec.begin_update(docs)
    except AssertionError as err:  # spacy-curated-transformers' listeners expect a component that is not frozen
        arrays = tok2vec.predict(docs)
        if any(np.any(array != 0) for array in arrays):
            return arrays, list
        raise InvalidError(Errors.E350.format(encoder=name, reason=first_line(err))) from err
    except ValueError as err:
        if not upstream_names(tok2vec):
            raise
        raise InvalidError(Errors.E350.format(encoder=name, reason=first_line(err))) from err


def _check_texts(examples: Sequence[Example]) -> None:
    for example in examples:
        if example.predicted.text != example.reference.text:
            texts = {"predicted": example.predicted.text[:40], "reference": example.reference.text[:40]}
            raise InvalidError(Errors.E355.format(**texts))
