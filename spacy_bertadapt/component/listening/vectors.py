"""The vectors of the tokens of some Docs, in one table on the device of the head."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeAlias

import numpy as np
import torch
from spacy.attrs import IDX, LENGTH
from spacy.tokens import Doc
from spacy.vocab import Vocab
from thinc.api import Model, xp2torch
from torch import Tensor

from ...errors import Errors, InvalidError
from ...network.token_vectors import TokenVectors
from ...network.transformers_calls import first_line
from ...types import Ints

SAMPLE = 10  # Docs that layers are initialized with, as many as spaCy's own components take
Arrays: TypeAlias = Sequence[Any]
"""One array a Doc, (tokens, width), of numpy or CuPy."""


@dataclass(frozen=True, slots=True)
class DocRows:
    """The vectors of a Doc's tokens.

    offsets: (tokens, 2) start and end in characters. first: the row of the first token in the table.
    table: the vectors of all Docs of a batch: see `TokenVectors`.
    """

    offsets: Ints
    first: int
    table: Tensor

    def part(self, start: int = 0, stop: int | None = None) -> TokenVectors:
        """Return the vectors of the tokens that start in a range of characters; their offsets count from there."""
        starts = self.offsets[:, 0]
        inside = np.flatnonzero((starts >= start) & (starts < (stop if stop is not None else np.inf)))
        return TokenVectors(self.first + inside, self.offsets[inside] - start, table=self.table)


def table_of_vectors(docs: Sequence[Doc], arrays: Arrays, *, width: int, device: torch.device) -> list[DocRows]:
    """Return the vectors of Docs, as one table on a device.

    width: of the vectors that the head takes. Raises ValueError for vectors of another width or number.
    A Doc without visible characters has zeros where a transformer has no vectors for it.
    """
    for doc, array in zip(docs, arrays, strict=True):
        if array.size and array.shape != (len(doc), width):
            raise InvalidError(Errors.E354.format(shape=tuple(array.shape), wanted=(len(doc), width)))
    vectors = [
        xp2torch(array, device=device).float() if array.size else torch.zeros((len(doc), width), device=device)
        for doc, array in zip(docs, arrays, strict=True)
    ]
    table = torch.cat([torch.zeros((1, width), device=device), *vectors])
    firsts = 1 + np.cumsum([0, *map(len, docs)])
    return [DocRows(_offsets(doc), int(first), table) for doc, first in zip(docs, firsts[:-1], strict=True)]


def width_of_vectors(tok2vec: Model[Any, Any], docs: Iterable[Doc], name: str) -> int:
    """Initialize a model with some Docs, and return the width of its vectors.

    name: of what it listens to, for messages. Raises ValueError if there is nothing that it could listen to.
    """
    sample = [doc for doc in islice(docs, SAMPLE) if len(doc)] or [Doc(Vocab(), words=["a"])]
    try:
        tok2vec.initialize(X=sample)
        return int(tok2vec.predict(sample)[0].shape[1])
    except (ValueError, KeyError, AttributeError, AssertionError) as err:
        raise InvalidError(Errors.E352.format(encoder=name, reason=first_line(err))) from err


def _offsets(doc: Doc) -> Ints:
    rows = doc.to_array([IDX, LENGTH]).astype(np.int64).reshape(-1, 2)
    return np.stack([rows[:, 0], rows.sum(axis=1)], axis=1)
