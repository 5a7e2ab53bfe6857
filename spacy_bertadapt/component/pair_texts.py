"""Pairs of texts whose second text is looked at token by token, such as questions and contexts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from spacy.tokens import Doc, Span
from spacy.vocab import Vocab

from ..subwords.alignment import Alignment, align, tokens_of
from ..types import Ints
from .texts import AlignedTexts, Segment

EncodeSegment = Callable[..., Segment]
"""Returns the subwords of strings, with character offsets if `offsets=True`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PairTexts:
    """Pairs of texts.

    first: strings, or parts of pair Docs. second: parts of Docs. None is an empty text.
    docs: the pair Docs that all of them are parts of; None: they are of anywhere. vocab: that of Docs.
    """

    first: Sequence[str | Span | None]
    second: Sequence[Span | None]
    vocab: Vocab
    docs: Sequence[Doc] | None = None

    @property
    def first_strings(self) -> list[str]:
        """The first texts as strings."""
        return [text if isinstance(text, str) else _string(text) for text in self.first]

    @property
    def second_strings(self) -> list[str]:
        """The second texts as strings."""
        return [_string(text) for text in self.second]

    @property
    def second_tokens(self) -> list[Span | Doc]:
        """The second texts, with an empty Doc for one that is empty."""
        empty = Doc(self.vocab)
        return [empty if text is None else text for text in self.second]


def aligned_pairs(pairs: PairTexts, encode: EncodeSegment) -> AlignedTexts:
    """Return the subwords of pairs, and the tokens of the second texts that have subwords.

    A second text that comes several times is encoded once, and aligned once if it is one Doc.
    """
    numbers, unique = _without_repeats(pairs.second_tokens)
    strings = list(dict.fromkeys(text.text for text in unique))
    by_string = dict(zip(strings, encode(strings, offsets=True), strict=True))
    encoded = [by_string[text.text] for text in unique]
    alignment = _repeated(align(tokens_of(unique), encoded), numbers)
    return AlignedTexts([encode(pairs.first_strings), [encoded[number] for number in numbers.tolist()]], alignment)


def _string(text: Span | None) -> str:
    return "" if text is None else text.text


def _without_repeats(texts: Sequence[Span | Doc]) -> tuple[Ints, list[Span | Doc]]:
    """Return the number of each text among the different ones, (texts,), and these."""
    known: dict[tuple[int, int, int], int] = {}
    unique: list[Span | Doc] = []
    numbers = []
    for text in texts:
        key = (id(text.doc), text.start, text.end) if isinstance(text, Span) else (id(text), 0, len(text))
        if key not in known:
            known[key] = len(unique)
            unique.append(text)
        numbers.append(known[key])
    return np.array(numbers, dtype=np.int64), unique


def _repeated(alignment: Alignment, numbers: Ints) -> Alignment:
    """Return the alignment of the texts with these numbers, in this order; numbers may repeat."""
    borders = np.searchsorted(alignment.text, np.arange(numbers.max(initial=-1) + 2))
    rows = [np.arange(borders[number], borders[number + 1]) for number in numbers]
    index = np.concatenate([*rows, np.zeros(0, dtype=np.int64)])
    text = np.repeat(np.arange(len(numbers)), [len(row) for row in rows])
    return Alignment(text, alignment.token[index], alignment.first[index], alignment.last[index])
