"""Templates: the places of special tokens around one text and around a pair."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

import numpy as np
from tokenizers import Encoding, Tokenizer

from ..types import Ints


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of special tokens, or the place of a segment.

    segment: the number of the segment (0 or 1); None for special tokens.
    ids: (n,) the special tokens; empty for a segment. type_id: the token type of the whole piece.
    """

    segment: int | None
    ids: Ints
    type_id: int


Template = tuple[Piece, ...]


def single_template(tokenizer: Tokenizer) -> Template:
    """Return the pieces of one text as the tokenizer's post-processor puts them: `[CLS] text [SEP]` for BERT."""
    return _pieces(tokenizer.encode("a", add_special_tokens=True))


def pair_template(tokenizer: Tokenizer) -> Template:
    """Return the pieces of a pair: `[CLS] a [SEP] b [SEP]` for BERT, `<s> a </s></s> b </s>` for RoBERTa."""
    return _pieces(tokenizer.encode("a", "a", add_special_tokens=True))


def special_count(template: Template) -> int:
    """Return the number of special tokens in a template."""
    return sum(len(piece.ids) for piece in template)


def _pieces(encoding: Encoding) -> Template:
    rows = zip(encoding.sequence_ids, encoding.type_ids, encoding.ids, strict=True)
    pieces = []
    for (segment, type_id), run in groupby(rows, key=lambda row: (row[0], row[1])):
        ids = [token for _, _, token in run] if segment is None else []
        pieces.append(Piece(segment, np.array(ids, dtype=np.int64), type_id))
    return tuple(pieces)
