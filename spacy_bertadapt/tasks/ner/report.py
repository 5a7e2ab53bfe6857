"""What may be wrong with gold entities."""

from __future__ import annotations

from dataclasses import dataclass

from spacy.training import Example

from ...planning.span_report import SpanReport


@dataclass
class EntityReport(SpanReport):
    """Entities of a split, and those that look wrong."""

    things: str = "entities"

    def add(self, example: Example) -> None:
        """Look at the entities of an Example."""
        self.add_spans(example.reference.ents, example.predicted)
