"""What a component reads of a batch of examples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

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
