"""A corpus that is shuffled while it is read, for streams that are larger than memory."""

from __future__ import annotations

import random
from collections.abc import Iterator

from spacy.language import Language
from spacy.training import Example

from ..errors import Errors, InvalidError, require_at_least
from .parts import Corpus, part_of


class ShuffledCorpus:
    """A corpus whose Examples come in an order of chance, with no more than a buffer of them in memory.

    An Example may come any number of places later than in the corpus, but at most as many places earlier as the buffer
    holds: where a file is sorted by label, the buffer has to be larger than a label's part, or the file be shuffled.

    corpus: what a reader makes, one of spaCy's too. buffer: how many Examples are held. Python's random numbers are
    used, which spaCy's training seeds.
    Raises InvalidError for what is no corpus, and for a buffer below 1.
    """

    def __init__(self, corpus: Corpus, *, buffer: int = 10_000) -> None:
        if not callable(corpus):
            raise InvalidError(Errors.C049.format(name="corpus", corpus=corpus))
        require_at_least("buffer", buffer, 1)
        self.corpus = corpus
        self.buffer = buffer

    def __call__(self, nlp: Language) -> Iterator[Example]:
        """Yield the Examples. nlp: the pipeline whose tokenizer makes the Docs. Raises what the corpus raises."""
        held: list[Example] = []
        for example in self.corpus(nlp):
            if len(held) < self.buffer:
                held.append(example)
                continue
            place = random.randrange(self.buffer)
            yield held[place]
            held[place] = example
        random.shuffle(held)
        yield from held

    def part(self, number: int, count: int) -> ShuffledCorpus:
        """Return a shuffled part of the corpus: every `count`-th Example, from that with the number on."""
        return ShuffledCorpus(part_of(self.corpus, number, count), buffer=self.buffer)
