"""Parts of corpora, for processes that each read their own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Protocol, TypeAlias, runtime_checkable

from spacy.language import Language
from spacy.training import Example

Corpus: TypeAlias = Callable[[Language], Iterable[Example]]
"""The function that a reader makes, one of spaCy's too: each call reads all its Examples anew."""


@runtime_checkable
class HasParts(Protocol):
    """A corpus that can leave out Examples before it makes their Docs."""

    def part(self, number: int, count: int) -> Corpus:
        """Return a corpus of every `count`-th Example, from that with the number on."""


def part_of(corpus: Corpus, number: int, count: int) -> Corpus:
    """Return a corpus of every `count`-th Example, from that with the number on."""
    if isinstance(corpus, HasParts):
        return corpus.part(number, count)

    def read(nlp: Language) -> Iterator[Example]:
        return islice(iter(corpus(nlp)), number, None, count)

    return read
