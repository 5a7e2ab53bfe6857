"""The spans of a text that may have a label: all up to a length, or those of a suggester."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from spacy.tokens import Doc
from thinc.api import NumpyOps
from thinc.types import Ragged

from ...subwords.alignment import Alignment
from ...subwords.windows import ragged_arange
from ...types import Ints

Suggester: TypeAlias = Callable[..., Ragged]
"""As spaCy registers them: takes Docs and `ops`, and returns the start and end token of each candidate, Doc by Doc."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """Candidates, as runs of aligned tokens. start, stop: (candidates,) range of aligned tokens of one text."""

    start: Ints
    stop: Ints

    def __len__(self) -> int:
        return len(self.start)


def candidates_by_length(alignment: Alignment, longest: int) -> Candidates:
    """Return all runs of up to `longest` tokens of a text; tokens without a subword, as white space, are skipped."""
    ends = np.searchsorted(alignment.text, alignment.text, side="right")  # one past the last token of each one's text
    first = np.arange(len(alignment))
    counts = np.minimum(longest, ends - first)
    start = np.repeat(first, counts)
    return Candidates(start, ragged_arange(first + 1, counts))


def suggested_candidates(docs: Sequence[Doc], alignment: Alignment, suggest: Suggester) -> Candidates:
    """Return the candidates of a suggester, without duplicates and without those that have no subword."""
    text, pairs = _suggestions(docs, suggest)
    start, stop = aligned_range(alignment, text, pairs[:, 0], pairs[:, 1])
    return Candidates(*np.unique(np.stack([start, stop])[:, start < stop], axis=1))


def suggested_ranges(doc: Doc, suggest: Suggester) -> set[tuple[int, int]]:
    """Return the first token and the end of each candidate that a suggester names in a Doc."""
    _, pairs = _suggestions([doc], suggest)
    return {(start, end) for start, end in pairs.tolist()}


def _suggestions(docs: Sequence[Doc], suggest: Suggester) -> tuple[Ints, Ints]:
    """Return the text of each suggested span, (n,), and its first token and end, (n, 2)."""
    suggested = suggest(docs, ops=NumpyOps())  # spaCy's current ones may keep the arrays on a GPU
    pairs = np.maximum(np.asarray(suggested.dataXd, dtype=np.int64).reshape(-1, 2), 0)
    return np.repeat(np.arange(len(docs)), np.asarray(suggested.lengths, dtype=np.int64)), pairs


def aligned_range(alignment: Alignment, text: Ints, first: Ints, end: Ints) -> tuple[Ints, Ints]:
    """Return the aligned tokens in ranges of tokens, (n,) starts and (n,) stops; equal if there are none.

    text: (n,) the text of each range. first, end: (n,) its first token, and one past its last.
    """
    reach = 1 + max(int(alignment.token.max(initial=0)), int(end.max(initial=0)))
    keys = alignment.text * reach + alignment.token
    return np.searchsorted(keys, text * reach + first), np.searchsorted(keys, text * reach + end)
