"""The batches of a training, epoch by epoch, which can go on from any place."""

from __future__ import annotations

import random
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import count, islice
from typing import Any

from spacy.errors import Errors as SpacyErrors
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.training import Example

from ..errors import Errors, InvalidError
from ..learning.processes import ALONE, Processes
from ..readers.parts import part_of
from .batchers import Batch, Batcher, in_turns
from .draws import Draws
from .random_states import RandomStates

Corpus = Callable[[Language], Iterable[Example]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where a training is in its data.

    epoch: its number. batches: how many of its batches came. order: the examples of the epoch, by their number in the
    corpus; empty for a stream. checksum: of the corpus, texts and annotation; 0 for a stream. corpus_states: the random
    numbers before the corpus was read. draws: those with which batches were fetched: see `Draws`.
    """

    epoch: int = 0
    batches: int = 0
    order: tuple[int, ...] = ()
    checksum: int = 0
    corpus_states: RandomStates
    draws: dict[int, RandomStates] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return the place as JSON can hold it."""
        draws = {str(number): states.as_json() for number, states in self.draws.items()}
        counts = {"epoch": self.epoch, "batches": self.batches, "order": list(self.order), "checksum": self.checksum}
        return {**counts, "corpus_states": self.corpus_states.as_json(), "draws": draws}

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Place:
        """Return what `as_json` wrote."""
        draws = {int(number): RandomStates.from_json(states) for number, states in content["draws"].items()}
        corpus_states = RandomStates.from_json(content["corpus_states"])
        return cls(**{**content, "order": tuple(content["order"]), "corpus_states": corpus_states, "draws": draws})


class TrainingBatches:
    """Yields `(epoch, batch)` as spaCy's training does: the same batches, from the same random numbers.

    A training that resumes reads the corpus again, and skips the batches that came already, without learning from
    them. What is drawn between two batches by others does not matter: see `Draws`.

    Several processes draw the same batches, and take turns: of four, the second one has batches 1, 5, 9 and so on. Each
    reads a part of a stream instead. A process whose batches have come to their end before those of others gets empty
    ones until the epoch is over.
    """

    def __init__(
        self, nlp: Language, corpus: Corpus, batcher: Batcher, *, max_epochs: int, processes: Processes = ALONE
    ):
        """max_epochs: 0 for as many as it takes, -1 for a corpus that is a stream, and never in memory."""
        self._nlp, self._corpus, self._batcher = nlp, corpus, batcher
        self._max_epochs, self._processes = max_epochs, processes
        if self.is_stream and processes.count > 1:
            self._corpus = part_of(corpus, processes.rank, processes.count)
        elif processes.count > 1:
            self._batcher = in_turns(batcher, processes.count)
        self.place = Place(corpus_states=RandomStates.now())

    @property
    def is_stream(self) -> bool:
        """Whether the corpus is read anew in every epoch, and never shuffled."""
        return self._max_epochs < 0

    def all(self) -> Iterator[tuple[int, Batch]]:
        """Yield all batches. `place` tells where the training is after each of them.

        Raises ValueError for a corpus without examples.
        """
        return self._from(None, None)

    def after(self, place: Place, states: RandomStates) -> Iterator[tuple[int, Batch]]:
        """Yield the batches after a place. states: all random numbers, before the first of these batches is fetched.

        Raises ValueError for a corpus that is not that of the place.
        """
        place.corpus_states.set()
        return self._from(place, states)

    def _from(self, place: Place | None, states: RandomStates | None) -> Iterator[tuple[int, Batch]]:
        self.place = replace(self.place, corpus_states=RandomStates.now())
        examples = [] if self.is_stream else self._read(place)
        order, epoch = list(range(len(examples))), place.epoch if place else 0
        while self._max_epochs < 1 or epoch < self._max_epochs:
            if place is not None:
                order = list(place.order)
            elif not self.is_stream:
                random.shuffle(order)
            yield from self._epoch(epoch, order, examples, place, states)
            place = states = None
            epoch += 1

    def _read(self, place: Place | None) -> list[Example]:
        examples = list(self._corpus(self._nlp))
        if not examples:
            raise InvalidError(SpacyErrors.E986)
        checksum = 0
        for example in examples:
            checksum = zlib.crc32(_content_of(example.reference), checksum)
        if place is not None and (len(place.order), place.checksum) != (len(examples), checksum):
            raise InvalidError(Errors.E570.format(count=len(examples), earlier=len(place.order)))
        self.place = replace(self.place, checksum=checksum)
        return examples

    def _epoch(
        self,
        epoch: int,
        order: list[int],
        examples: list[Example],
        place: Place | None,
        states: RandomStates | None,
    ) -> Iterator[tuple[int, Batch]]:
        """Yield the batches of an epoch. place, states: where the training was in it, if it was."""
        done, draws = (place.batches, Draws(place.draws)) if place else (0, Draws({}))
        numbers, number = tuple(order), 0
        batches = self._draw(self._fetch(order, examples), done, draws, states)
        while number < done:
            if next(batches, None) is None:
                raise InvalidError(Errors.E570.format(count=len(examples), earlier=len(order)))
            number += 1
        while True:
            turns = list(islice(batches, 1 if self.is_stream else self._processes.count))
            number += len(turns)
            if not (turns if not self.is_stream else self._processes.any(bool(turns))[0]):
                return
            self.place = replace(self.place, epoch=epoch, batches=number, order=numbers, draws=draws.kept)
            own = 0 if self.is_stream else self._processes.rank
            yield epoch, list(turns[own]) if own < len(turns) else []

    def _draw(self, batches: Iterator[Batch], done: int, draws: Draws, states: RandomStates | None) -> Iterator[Batch]:
        """Yield batches, drawn with the random numbers that they had, and note these.

        done: how many had come before. states: those before the next one.
        """
        for number in count():
            if number < done:
                draws.set(number)
            elif number == done and states is not None:
                states.set()
            before = RandomStates.now()
            batch = next(batches, None)
            if batch is None:
                return
            draws.note(number, before)
            yield batch

    def _fetch(self, order: Sequence[int], examples: Sequence[Example]) -> Iterator[Batch]:
        """Yield the batches of an epoch. What is drawn before the first of them is drawn when it is fetched."""
        stream = self._corpus(self._nlp) if self.is_stream else [examples[number] for number in order]
        yield from self._batcher(stream)


def _content_of(doc: Doc) -> bytes:
    """Return what tells a gold Doc from others: its text, categories, entities and spans."""
    spans = {name: [_place(span) for span in group] for name, group in doc.spans.items()}
    content = (doc.text, doc.cats, [_place(entity) for entity in doc.ents], spans)
    return repr(content).encode("utf8", "surrogatepass")


def _place(span: Span) -> tuple[int, int, str]:
    return span.start, span.end, span.label_
