"""A corpus that is one part of another: what is held out of the training data for evaluation, or the rest."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator
from copy import copy
from itertools import islice

from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

from ..errors import Errors, InvalidError, require
from .parts import Corpus

PARTS = ("train", "dev")
USUAL_SHARE = 0.2
MOST_STRATA = 1000


class SplitCorpus:
    """The training or the evaluation part of a corpus, cut by chance, the same way for every call with the same seed.

    Each text is in one part alone, however often it comes, so that no score is too good. Labels, and texts with and
    without entities, have the same share in both parts, as far as whole texts allow it. The corpus is read once more
    before, to be counted; a few bytes a text are held.

    corpus: what a reader makes, one of spaCy's too. part: "train" or "dev". share: of the texts that are held out,
    above 0 and below 1. seed: of the cut.
    Raises InvalidError for what is no corpus, for another part or share, and while reading for a corpus of which one
    part is empty.
    """

    def __init__(self, corpus: Corpus, *, part: str, share: float = USUAL_SHARE, seed: int = 0) -> None:
        if not callable(corpus):
            raise InvalidError(Errors.C049.format(name="corpus", corpus=corpus))
        require("part", part, possible=part in PARTS, remedy=f"use {' or '.join(PARTS)}")
        require("share", share, possible=0 < share < 1, remedy="use a number above 0 and below 1")
        self.corpus = corpus
        self.chosen = part
        self.share = share
        self.seed = seed
        self._taken = (0, 1)

    def part(self, number: int, count: int) -> SplitCorpus:
        """Return every `count`-th Example of this part, from that with the number on."""
        part, (first, step) = copy(self), self._taken
        part._taken = (first + number * step, step * count)
        return part

    def __call__(self, nlp: Language) -> Iterator[Example]:
        """Yield the Examples of the part, in the corpus's order. Raises what the corpus raises, too."""
        held_out = self._held_out(nlp)
        is_dev = self.chosen == "dev"
        chosen = (example for example in self.corpus(nlp) if (self._key(example.reference) in held_out) == is_dev)
        first, step = self._taken
        yield from islice(chosen, first, None, step)

    def _held_out(self, nlp: Language) -> set[bytes]:
        """Return the keys of the texts for evaluation: the first ones of each stratum, as chance orders them."""
        strata: dict[object, set[bytes]] = defaultdict(set)
        known: set[bytes] = set()
        for example in self.corpus(nlp):
            key = self._key(example.reference)
            if key not in known:
                known.add(key)
                strata[_stratum(example.reference)].add(key)
        if len(strata) > MOST_STRATA:  # labels of so many kinds are no strata
            strata = {None: known}
        held_out: set[bytes] = set()
        wanted = 0.0
        for keys in sorted(strata.values(), key=lambda keys: (len(keys), min(keys))):
            wanted += self.share * len(keys)
            held_out.update(sorted(keys)[: round(wanted) - len(held_out)])
        if not held_out or len(held_out) == len(known):
            raise InvalidError(Errors.C059.format(count=len(known), share=self.share))
        return held_out

    def _key(self, doc: Doc) -> bytes:
        """Return a number of chance for a text."""
        return hashlib.blake2b(doc.text.encode(), digest_size=8, key=str(self.seed).encode()).digest()


def _stratum(doc: Doc) -> object:
    """Return the labels that hold for a Doc; without labels, whether it has entities or spans."""
    if doc.cats:
        return tuple(sorted(label for label, value in doc.cats.items() if value))
    return (bool(doc.ents), tuple(sorted(name for name, spans in doc.spans.items() if len(spans))))
