"""What may be wrong with gold entities."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from spacy.tokens import Span
from spacy.training import Example
from wasabi import msg

from ...errors import Warnings
from ...planning.survey import LabelSurvey

if TYPE_CHECKING:
    from ...subwords.tokenizer import SubwordTokenizer

EXAMPLES_SHOWN = 3
AROUND = 20
FINDINGS = {
    "cut": "begin or end inside a token of the pipeline's tokenizer, which can't predict them whole",
    "bordered": "begin or end with white space or punctuation",
    "too long": "have more subwords than a window, so that no window sees them whole",
    "empty": "have no subword at all, and can't be learned",
}


@dataclass
class EntityReport:
    """Entities of a split, and those that look wrong.

    lengths: entities by number of tokens. found: by kind of finding, as of `FINDINGS`, each entity as text.
    """

    room: int
    tokenizer: SubwordTokenizer
    lengths: Counter[int] = field(default_factory=Counter)
    found: dict[str, list[str]] = field(default_factory=lambda: {kind: [] for kind in FINDINGS})

    def add(self, example: Example) -> None:
        """Look at the entities of an example."""
        entities = example.reference.ents
        self.lengths.update(map(len, entities))
        for entity, subwords in zip(entities, self.tokenizer.encode([e.text for e in entities]), strict=True):
            borders = (entity[0], entity[-1])
            kinds = {
                "cut": cuts_token(entity, example),
                "bordered": any(token.is_space or token.is_punct for token in borders),
                "too long": len(subwords) > self.room,
                "empty": not len(subwords),
            }
            for kind in (kind for kind, holds in kinds.items() if holds):
                self.found[kind].append(show(entity))

    def show(self) -> None:
        """Print what was found."""
        total = self.lengths.total()
        tokens = ", ".join(f"{length}: {count:,}" for length, count in sorted(self.lengths.items())[:10])
        msg.info(f"{total:,} entities; by number of tokens: {tokens or 'none'}")
        for kind, examples in self.found.items():
            if examples:
                msg.warn(f"{len(examples):,} entities {FINDINGS[kind]}")
                msg.text("\n".join(f"  {example}" for example in examples[:EXAMPLES_SHOWN]))


def warn_without_entities(path: Path, labels: LabelSurvey) -> None:
    """Say so if a file of named entities has none."""
    if not labels.counts.total():
        msg.warn(Warnings.W502.format(path=path))


def cuts_token(entity: Span, example: Example) -> bool:
    """Whether an entity begins or ends inside a token of the Doc that the pipeline is to annotate."""
    if example.predicted.text != example.reference.text:
        return False
    return example.predicted.char_span(entity.start_char, entity.end_char) is None


def show(entity: Span) -> str:
    """An entity with its type and the text around it."""
    text = entity.doc.text
    before, after = text[max(0, entity.start_char - AROUND) : entity.start_char], text[entity.end_char :][:AROUND]
    return f"{entity.label_}: …{before}[{entity.text}]{after}…".replace("\n", " ")
