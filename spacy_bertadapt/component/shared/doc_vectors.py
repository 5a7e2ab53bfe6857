"""Vectors of a Doc, its spans and its tokens, where spaCy looks for them: `doc.vector`, `token.similarity(…)`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from spacy.tokens import Doc, Span, Token

from ...types import Floats, Ints


@dataclass(frozen=True, slots=True)
class DocVectors:
    """The vectors of a Doc, and the functions by which spaCy reads them.

    doc: (hidden,). tokens: (tokens, hidden), zeros for a token without a subword. starts: (tokens,) where each begins,
    in characters. Tokens are found by their characters, as they may be merged and split later on.
    """

    doc: Floats
    tokens: Floats
    starts: Ints

    def put_on(self, doc: Doc, *, writes_alone: bool) -> None:
        """Make them the Doc's own. `doc.tensor` gets the tokens' too, unless another component has filled it.

        writes_alone: whether no other component of the pipeline says that it fills it. Then a tensor like the new one
        is an earlier one, though the Doc has been copied, or comes from another process.
        """
        is_earlier = _is_from_here(doc) or (writes_alone and doc.tensor.shape == self.tokens.shape)
        is_free = not doc.tensor.size or is_earlier
        doc.user_hooks.update(vector=self.of_doc, has_vector=has_vector, similarity=similarity, vector_norm=vector_norm)
        doc.user_span_hooks.update(vector=self.of_span, has_vector=has_vector, similarity=similarity)
        doc.user_token_hooks.update(vector=self.of_token, has_vector=has_vector, similarity=similarity)
        if is_free:
            doc.tensor = self.tokens  # type: ignore[assignment]  # spaCy says float64, and means any

    def of_doc(self, doc: Doc) -> Floats:
        """Return the vector of the Doc, (hidden,)."""
        return self.doc

    def of_token(self, token: Token) -> Floats:
        """Return the vector of a token, (hidden,): if it was merged from several, their mean."""
        return self._mean(token.idx, token.idx + len(token))

    def of_span(self, span: Span) -> Floats:
        """Return the mean of the tokens' vectors, (hidden,); zeros for an empty span."""
        return self._mean(span.start_char, span.end_char) if len(span) else np.zeros_like(self.doc)

    def _mean(self, start: int, stop: int) -> Floats:
        """Return the mean vector of the tokens, as they were, that have some of a range of characters, (hidden,)."""
        first = int(np.searchsorted(self.starts, start, side="right")) - 1
        return self.tokens[first : int(np.searchsorted(self.starts, stop))].mean(axis=0)


def _is_from_here(doc: Doc) -> bool:
    """Return whether the tensor of a Doc is that of earlier vectors, as where the Doc runs twice."""
    earlier = getattr(doc.user_hooks.get("vector"), "__self__", None)
    return isinstance(earlier, DocVectors) and earlier.tokens is doc.tensor


def has_vector(item: Doc | Span | Token) -> bool:
    """Return whether a vector is more than zeros."""
    return bool(item.vector.any())


def vector_norm(doc: Doc) -> float:
    """Return the length of a Doc's vector; without this, spaCy gives that of the first vector it has had."""
    return float(np.linalg.norm(np.asarray(doc.vector)))


def similarity(item: Doc | Span | Token, other: Any) -> float:
    """Return the cosine of the angle between two vectors; 0 where one is zero. other: a Doc, Span, Token or Lexeme."""
    one, two = np.asarray(item.vector), np.asarray(other.vector)
    lengths = np.linalg.norm(one) * np.linalg.norm(two)
    return float(one @ two / lengths) if lengths else 0.0
