"""Classification and scores of pairs of texts, by their Docs or by texts alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar, TypeAlias

from spacy.tokens import Doc, Span
from spacy.training import Example
from spacy.util import minibatch

from ...component.last_save import KnowsLastSave
from ...component.pair_pipe import TEXT_ANNOTATIONS, PairPipe, reads_pairs
from ...component.texts import EncodedTexts
from ...errors import Errors, InvalidError, WrongTypeError
from ...pairs import PartNames, find_parts, parts_given
from ...types import Floats
from .component import Categorizer, CatsTargets
from .defaults import CATS, PARTS
from .sharing import TextReader, TextReaders

Text: TypeAlias = str | Doc | Span
PairOfTexts: TypeAlias = tuple[Text, Text] | Mapping[str, Text]
"""Premise and hypothesis, or a dict with them under these names."""


class PairCategorizer(KnowsLastSave, PairPipe[EncodedTexts, CatsTargets, Floats], Categorizer):
    """Sets `doc.cats` of pair Docs to a probability for every label, or to numbers where it learns a regression."""

    parts: ClassVar[PartNames] = PARTS
    windowed_segment = 0
    wrong_kind = Errors.E321
    single_label = Errors.E322
    several_labels = Errors.E323

    def __init__(self, *args: Any, **settings: Any):
        """Take the settings: see `Categorizer`."""
        super().__init__(*args, **settings)
        self._readers = TextReaders()

    @property
    def passes_over_texts(self) -> bool:
        """Whether Docs that are no pairs are left to another component of the pipeline."""
        return super().passes_over_texts or any(reader.is_running_on(self) for reader in self._readers)

    def leaves_to_others(self, doc: Doc) -> bool:
        """Return whether the gold categories of a Doc are meant for a component of the pipeline that reads texts."""
        return not self.reads(doc) and any(not reads_pairs(other) for other in self._pipeline.writers(TEXT_ANNOTATIONS))

    def note_reader(self, reader: TextReader) -> None:
        """Note that a component stands on this one: it counts as well where its pipeline is not known."""
        self._readers.add(reader)

    def compare(self, premise: Text, hypothesis: Text) -> dict[str, float]:
        """Return the value of each label for a premise and a hypothesis. Arguments: as in `compare_many`."""
        return next(self.compare_many([(premise, hypothesis)]))

    def compare_many(self, pairs: Iterable[PairOfTexts], *, batch_size: int = 1000) -> Iterator[dict[str, float]]:
        """Yield the value of each label for every premise and hypothesis, in order.

        pairs: premise and hypothesis, each a string, Doc or Span, as a tuple or as a dict with these names; any stream.
        batch_size: how many pairs are gathered and sorted by length.
        Raises ValueError for a hypothesis that leaves no room for its premise, TypeError for what is no text or pair.
        """
        labels = self.labels
        for batch in minibatch(pairs, batch_size):
            given = [parts_given(pair, self.parts) for pair in batch]
            texts = [(_text(premise), _text(hypothesis)) for premise, hypothesis in given]
            for row in self.predict_texts(self.runner.encode(texts)).tolist():
                yield dict(zip(labels, row, strict=True))

    def score(self, examples: Iterable[Example], **settings: Any) -> dict[str, Any]:
        """Score predictions. Gold of its own labels for a Doc that is no pair is an error: see `E203`.

        The error goes to the component's error handler; if that passes it over, the example is not scored.
        Where another component of the pipeline writes `doc.cats` of texts, spaCy's scores of these are left to it.
        """
        scores = super().score([example for example in examples if self._can_score(example)], **settings)
        if not self._others(running=True):
            return scores
        return {name: score for name, score in scores.items() if not name.startswith(CATS)}

    def look_around(self) -> None:
        """Let the components of the pipeline that read texts look for what they stand on."""
        for component in self._pipeline.components:
            if isinstance(component, TextReader):
                component.look_up()

    def _can_score(self, example: Example) -> bool:
        own = {label: value for label, value in self._cats_of(example, self.labels).items() if label in self.labels}
        if self.reads(example.predicted) or not self.kind.is_annotated(own):
            return True
        try:
            find_parts(example.predicted, self.parts)
        except InvalidError as err:
            self.get_error_handler()(self.name, self, [example.predicted], err)
        return False


def _text(part: Text) -> str:
    if not isinstance(part, str | Doc | Span):
        raise WrongTypeError(Errors.E207.format(kind=type(part).__name__))
    return part if isinstance(part, str) else part.text
