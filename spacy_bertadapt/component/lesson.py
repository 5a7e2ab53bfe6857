"""A batch of examples as a component has read it, to learn from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from spacy.training import Example

from ..subwords.batches import WindowBatch
from .texts import EncodedTexts

Texts = TypeVar("Texts", bound=EncodedTexts)


@dataclass(frozen=True, slots=True)
class Lesson(Generic[Texts]):
    """The annotated examples of a batch, their encoded reference Docs, and the windows of these."""

    examples: Sequence[Example]
    texts: Texts
    batch: WindowBatch


class ReadsExamples(Protocol):
    """A component that learns from examples."""

    def lesson(self, examples: Sequence[Example]) -> Lesson | None:
        """Return what is read of a batch of examples; None if none of them is annotated: see `BertPipe.lesson`."""
