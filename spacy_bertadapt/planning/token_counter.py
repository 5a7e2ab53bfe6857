"""Lengths of texts where there is no encoder to count them in subwords."""

from __future__ import annotations

from collections.abc import Sequence

import spacy

from ..types import Segments


class TokenCounter:
    """Counts the tokens of texts and pairs, by the tokenizer of a language."""

    def __init__(self, lang: str):
        """lang: the code of the language."""
        self._tokenizer = spacy.blank(lang).tokenizer

    def lengths(self, segments: Sequence[Segments]) -> list[int]:
        """Return the number of tokens of each text, or of both texts of a pair."""
        return [
            sum(len(self._tokenizer(text)) for text in ((texts,) if isinstance(texts, str) else texts))
            for texts in segments
        ]
