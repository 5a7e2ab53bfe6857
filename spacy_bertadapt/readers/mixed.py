"""A corpus that is drawn from several corpora, such as one for each task of a pipeline."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from copy import copy
from itertools import islice
from numbers import Real
from random import Random

from spacy.language import Language
from spacy.training import Example

from ..errors import Errors, InvalidError
from .parts import Corpus, part_of


class MixedCorpus:
    """Several corpora as one, whose Examples are mixed by chance, the same way for every call with the same seed.

    Without proportions, every Example comes once: the larger a corpus is, the more often it is drawn from. It is read
    once more before, to be counted, so it must have an end. Such is the choice for evaluation.
    With proportions, the next Example is drawn from a corpus as often as its proportion says. A corpus that comes to
    its end begins anew, and the mixture ends when every corpus has come to its end once; if one never does, neither
    does the mixture.
    No more than one Example of a corpus is held at a time.

    corpora: corpora by name. proportions: for each of these names, a number above 0; they need not add up to 1.
    seed: of the draws.
    Raises InvalidError for no corpora, for what is no corpus, and for proportions of other names or values.
    """

    def __init__(
        self, corpora: Mapping[str, Corpus], *, proportions: Mapping[str, float] | None = None, seed: int = 0
    ) -> None:
        _check_corpora(corpora)
        if proportions is not None:
            _check_proportions(proportions, corpora)
        self.corpora = dict(corpora)
        self.proportions = proportions
        self.seed = seed
        self._sizes: dict[str, int] | None = None
        self._may_be_empty = False  # as a part of a corpus of few Examples is

    def part(self, number: int, count: int) -> MixedCorpus:
        """Return a mixture of parts of the corpora: of every `count`-th Example, from that with the number on."""
        part = copy(self)
        part.corpora = {name: part_of(corpus, number, count) for name, corpus in self.corpora.items()}
        part._sizes, part._may_be_empty = None, True
        return part

    def __call__(self, nlp: Language) -> Iterator[Example]:
        """Yield the mixed Examples. nlp: the pipeline whose tokenizer makes the Docs.

        Raises InvalidError for a corpus without Examples, and whatever the corpora raise.
        """
        if self.proportions is None:
            return self._once_each(nlp)
        return self._in_proportion(nlp, self.proportions)

    def _once_each(self, nlp: Language) -> Iterator[Example]:
        """Yield every Example once; a corpus is drawn from in proportion to what is left of it."""
        if self._sizes is None:
            self._sizes = {name: sum(1 for _ in self._read(name, nlp)) for name in self.corpora}
        draws, left = Random(self.seed), dict(self._sizes)
        streams = {name: self._read(name, nlp) for name in left}
        while any(left.values()):
            (name,) = draws.choices(list(left), list(left.values()))
            left[name] -= 1
            yield from islice(streams[name], 1)
        for stream in streams.values():  # A corpus may have grown since it was counted
            yield from stream

    def _in_proportion(self, nlp: Language, proportions: Mapping[str, float]) -> Iterator[Example]:
        """Yield Examples until every corpus has come to its end."""
        draws, unread = Random(self.seed), set(proportions)
        streams = {name: self._read(name, nlp) for name in proportions}
        while unread:
            (name,) = draws.choices(list(proportions), list(proportions.values()))
            drawn = list(islice(streams[name], 1))
            if not drawn:
                unread.discard(name)
                streams[name] = self._read(name, nlp)
                drawn = list(islice(streams[name], 1 if unread else 0))
            yield from drawn

    def _read(self, name: str, nlp: Language) -> Iterator[Example]:
        """Yield the Examples of a corpus. Raises InvalidError if it has none."""
        is_empty = True
        for example in self.corpora[name](nlp):
            is_empty = False
            yield example
        if is_empty and not self._may_be_empty:
            raise InvalidError(Errors.C048.format(name=name))


def _check_corpora(corpora: Mapping[str, Corpus]) -> None:
    if not corpora:
        raise InvalidError(Errors.C045)
    for name, corpus in corpora.items():
        if not callable(corpus):
            raise InvalidError(Errors.C049.format(name=name, corpus=corpus))


def _check_proportions(proportions: Mapping[str, float], corpora: Mapping[str, Corpus]) -> None:
    if proportions.keys() != corpora.keys():
        raise InvalidError(Errors.C046.format(names=list(proportions), known=list(corpora)))
    for name, value in proportions.items():
        if not isinstance(value, Real) or isinstance(value, bool) or not 0 < value < math.inf:
            raise InvalidError(Errors.C047.format(name=name, value=value))
