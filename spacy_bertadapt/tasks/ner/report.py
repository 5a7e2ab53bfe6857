"""What may be wrong with gold entities."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from spacy.tokens import Span
from spacy.training import Example
from wasabi import msg

from .misfits import misfit_entities

if TYPE_CHECKING:
    from ...subwords.tokenizer import SubwordTokenizer

EXAMPLES_SHOWN = 3
LENGTHS_SHOWN = 10
CONTEXT = 20  # characters on each side of an entity that is shown
PROBLEMS = {
    "cut": "begin or end inside a token of the pipeline's tokenizer, which can't predict them whole",
    "bordered": "begin or end with white space or punctuation",
    "too long": "have more subwords than a window, so that no window sees them whole",
    "empty": "have no subword at all, and can't be learned",
}


@dataclass
class EntityReport:
    """Entities of a split, and those that look wrong.

    room: subwords of a text that a window holds. tokenizer: of the encoder. lengths: entities by number of tokens.
    suspects: by kind of problem, as of `PROBLEMS`, each entity as text.
    """

    room: int
    tokenizer: SubwordTokenizer
    lengths: Counter[int] = field(default_factory=Counter)
    suspects: dict[str, list[str]] = field(default_factory=lambda: {problem: [] for problem in PROBLEMS})

    def add(self, example: Example) -> None:
        """Look at the entities of an Example."""
        entities = example.reference.ents
        misfits = set(misfit_entities(example))
        self.lengths.update(map(len, entities))
        for entity, subwords in zip(entities, self.tokenizer.encode([e.text for e in entities]), strict=True):
            problems = {
                "cut": entity in misfits,
                "bordered": any(token.is_space or token.is_punct for token in (entity[0], entity[-1])),
                "too long": len(subwords) > self.room,
                "empty": not len(subwords),
            }
            for problem in (problem for problem, holds in problems.items() if holds):
                self.suspects[problem].append(in_context(entity))

    def show(self) -> None:
        """Print the lengths, and the first entities of each problem."""
        total = self.lengths.total()
        tokens = ", ".join(f"{length}: {count:,}" for length, count in sorted(self.lengths.items())[:LENGTHS_SHOWN])
        msg.info(f"{total:,} entities; by number of tokens: {tokens or 'none'}")
        for problem, entities in self.suspects.items():
            if entities:
                msg.warn(f"{len(entities):,} entities {PROBLEMS[problem]}")
                msg.text("\n".join(f"  {entity}" for entity in entities[:EXAMPLES_SHOWN]))


def in_context(entity: Span) -> str:
    """Return an entity with its type and the text around it, in one line."""
    text = entity.doc.text
    before, after = text[max(0, entity.start_char - CONTEXT) : entity.start_char], text[entity.end_char :][:CONTEXT]
    return f"{entity.label_}: …{before}[{entity.text}]{after}…".replace("\n", " ")
