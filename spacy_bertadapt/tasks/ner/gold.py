"""Gold entities of Docs, as runs of aligned tokens."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from spacy.attrs import ENT_IOB, ENT_TYPE
from spacy.tokens import Doc

from ...subwords.alignment import Alignment
from ...types import Bools, Ints
from .tag_scheme import TagSpans

MISSING, INSIDE, BEGIN = 0, 1, 3
LEFT_OUT = -1


def gold_entities(
    docs: Sequence[Doc], alignment: Alignment, type_number: Callable[[str], int | None]
) -> tuple[TagSpans, Bools]:
    """Return the gold entities, and (tokens,) whether there is gold for a token.

    alignment: the tokens of the Docs that have subwords. type_number: returns the number of an entity's type; None for
    entities that are left out.
    """
    arrays = [doc.to_array([ENT_IOB, ENT_TYPE]).reshape(-1, 2) for doc in docs]
    sizes = np.array([len(array) for array in arrays], dtype=np.int64)
    rows = np.concatenate([*arrays, np.zeros((0, 2), dtype=np.uint64)])
    at = (np.cumsum(sizes) - sizes)[alignment.text] + alignment.token
    iob, types = rows[:, 0].astype(np.int64), rows[:, 1]
    number = np.where(np.isin(iob, (INSIDE, BEGIN)) & (types != 0), np.cumsum(iob == BEGIN), 0)[at]
    before, after = np.append(0, number[:-1]), np.append(number[1:], 0)
    start = np.flatnonzero((number > 0) & (number != before))
    stop = np.flatnonzero((number > 0) & (number != after)) + 1
    hashes, kind = np.unique(types[at][start], return_inverse=True)
    wanted = [type_number(docs[0].vocab.strings[int(key)]) for key in hashes]
    numbers = np.array([LEFT_OUT if number is None else number for number in wanted], dtype=np.int64)
    entity_type = numbers[kind] if len(start) else np.zeros(0, dtype=np.int64)
    counts = entity_type != LEFT_OUT
    return TagSpans(start[counts], stop[counts], entity_type[counts]), have_gold(iob, types)[at]


def count_gold_tokens(doc: Doc) -> int:
    """Return how many tokens have gold: see `have_gold`."""
    iob, types = doc.to_array([ENT_IOB, ENT_TYPE]).reshape(-1, 2).T
    return int(have_gold(iob, types).sum())


def have_gold(iob: Ints, types: Ints) -> Bools:
    """Return whether each token has gold, (tokens,): its annotation is neither missing nor blocked."""
    return (iob != MISSING) & ~((iob == BEGIN) & (types == 0))
