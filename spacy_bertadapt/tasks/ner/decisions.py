"""The decisions of `bert_ner`: entities with their scores."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from spacy.training import Example

from ...planning.decisions import Decisions


def entity_decisions(pipe: Any, examples: Iterable[Example]) -> Decisions:
    """Return a decision for each predicted entity with a score, which is right if gold has the same one."""
    decisions = Decisions()
    for example in examples:
        if not pipe.is_annotated(example):
            continue
        gold = {(entity.start_char, entity.end_char, entity.label_) for entity in example.reference.ents}
        decisions.gold.update(label for _, _, label in gold)
        for entity in example.predicted.ents:
            score = entity._.get(pipe.score_extension) if pipe.score_extension else None
            if score is not None:
                key = (entity.start_char, entity.end_char, entity.label_)
                decisions.add(entity.label_, score, is_right=key in gold)
    return decisions
