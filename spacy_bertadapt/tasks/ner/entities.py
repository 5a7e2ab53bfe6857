"""Predicted entities, and their writer into Docs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from spacy.tokens import Doc, Span, SpanGroup

from ...component.score_extension import set_scores
from ...types import Floats, Ints

BLOCKED = 3
REPLACES_FROM = 0.5  # the score from which an entity is rather right than wrong, and may replace another


@dataclass(frozen=True, slots=True)
class Entities:
    """Entities of some texts, in the order of the texts.

    text: (entities,) the number of the text. start, stop: (entities,) the range of tokens. label: the entity's type.
    score: (entities,) from 0 to 1.
    """

    text: Ints
    start: Ints
    stop: Ints
    label: list[str]
    score: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityWriter:
    """Writes entities into Docs, beside the entities of earlier components. Fields: the settings of `BertNer`."""

    overwrite_ents: bool
    spans_key: str | None
    score_extension: str | None

    def write(self, docs: Sequence[Doc], entities: Entities) -> None:
        """Set `doc.ents` and `ent._.score`, and with a spans_key `doc.spans` too.

        entities: those of all the Docs; `entities.text` is an index into `docs`.
        """
        borders = np.searchsorted(entities.text, np.arange(len(docs) + 1)).tolist()
        start, stop, score = entities.start.tolist(), entities.stop.tolist(), entities.score.tolist()
        for doc, first, last in zip(docs, borders[:-1], borders[1:], strict=True):
            spans = [Span(doc, start[row], stop[row], label=entities.label[row]) for row in range(first, last)]
            self._write_one(doc, spans, score[first:last])

    def _write_one(self, doc: Doc, spans: list[Span], scores: list[float]) -> None:
        if self.spans_key is not None:
            attrs = {"scores": np.array(scores, dtype=np.float32)}
            doc.spans[self.spans_key] = SpanGroup(doc, name=self.spans_key, spans=spans, attrs=attrs)
        score_of = dict(zip(spans, scores, strict=True))
        kept = spans
        if doc.has_annotation("ENT_IOB"):
            kept = self._join(doc, score_of)
        else:
            doc.set_ents(spans)
        set_scores(kept, [score_of[span] for span in kept], self.score_extension)

    def _join(self, doc: Doc, score_of: dict[Span, float]) -> list[Span]:
        """Add new entities to the earlier ones, and return those that were added. Blocked tokens stay blocked.

        An earlier entity is replaced, if at all, by new ones that are rather right than wrong.
        """
        blocked = [doc[token.i : token.i + 1] for token in doc if token.ent_iob == BLOCKED and not token.ent_type]
        earlier: Sequence[Span] = doc.ents
        sure = [span for span in score_of if self.overwrite_ents and score_of[span] >= REPLACES_FROM]
        sure = _without_overlap(sure, blocked)
        earlier = _without_overlap(earlier, sure)
        unsure = [span for span in score_of if span not in set(sure)]
        new = [*sure, *_without_overlap(unsure, [*earlier, *blocked, *sure])]
        for span in new:
            for token in span:
                token.ent_id = 0  # spaCy would keep that of an earlier entity
        doc.set_ents([*earlier, *new], blocked=blocked)
        return new


def _without_overlap(spans: Sequence[Span], others: Sequence[Span]) -> list[Span]:
    """Return the spans that share no token with the others."""
    taken = {index for other in others for index in range(other.start, other.end)}
    return [span for span in spans if taken.isdisjoint(range(span.start, span.end))]
