"""Classification of pairs of texts, by their Docs or by texts alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import ClassVar, TypeAlias

from spacy.tokens import Doc, Span
from spacy.util import minibatch

from ...errors import Errors, WrongTypeError
from ...pairs import PartNames, parts_given
from .component import Categorizer
from .defaults import PARTS

Text: TypeAlias = str | Doc | Span
PairOfTexts: TypeAlias = tuple[Text, Text] | Mapping[str, Text]
"""Premise and hypothesis, or a dict with them under these names."""


class PairCategorizer(Categorizer):
    """Sets `doc.cats` of pair Docs to a probability for every label."""

    parts: ClassVar[PartNames] = PARTS
    windowed_segment = 0

    def compare(self, premise: Text, hypothesis: Text) -> dict[str, float]:
        """Return the probability of each label for a premise and a hypothesis. Arguments: as in `compare_many`."""
        return next(self.compare_many([(premise, hypothesis)]))

    def compare_many(self, pairs: Iterable[PairOfTexts], *, batch_size: int = 1000) -> Iterator[dict[str, float]]:
        """Yield the probability of each label for every premise and hypothesis, in order.

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


def _text(part: Text) -> str:
    if not isinstance(part, str | Doc | Span):
        raise WrongTypeError(Errors.E207.format(kind=type(part).__name__))
    return part if isinstance(part, str) else part.text
