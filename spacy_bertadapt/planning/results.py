"""What a component writes on a Doc, as columns of a table: names, types and values."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from spacy.tokens import Doc, Span


@dataclass(frozen=True, slots=True)
class LabelledSpan:
    """A part of a text with a label, such as an entity.

    text: its characters. start, end: the first one and one past the last, counted in the text. score: from 0 to 1; None
    if the component gives none.
    """

    text: str
    label: str
    start: int
    end: int
    score: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """What a component writes, as columns.

    columns: the type of each column: str, int, float, dict[str, float], a frozen dataclass of these, a list of one, or
    one of these or None. read: returns the value of each column on a Doc. place: what is read, such as "doc.ents";
    components with the same place have the same columns.
    """

    columns: Mapping[str, Any]
    read: Callable[[Doc], Mapping[str, Any]]
    place: Hashable


def labelled_spans(spans: Iterable[Span], scores: Iterable[float | None]) -> list[LabelledSpan]:
    """Return spans with their scores, as values of a column."""
    return [
        LabelledSpan(span.text, span.label_, span.start_char, span.end_char, score)
        for span, score in zip(spans, scores, strict=True)
    ]


def entity_results(score_extension: Callable[[], str | None]) -> Results:
    """Return the column of `doc.ents`. score_extension: returns the name of `ent._.score`; None: there is none."""

    def read(doc: Doc) -> dict[str, Any]:
        name = score_extension()
        if name is None or not Span.has_extension(name):
            return {"entities": labelled_spans(doc.ents, [None] * len(doc.ents))}
        return {"entities": labelled_spans(doc.ents, [_score(entity, name) for entity in doc.ents])}

    return Results(columns={"entities": list[LabelledSpan]}, read=read, place="doc.ents")


def span_results(spans_key: Callable[[], str]) -> Results:
    """Return the column of `doc.spans[spans_key]`."""

    def read(doc: Doc) -> dict[str, Any]:
        group = doc.spans.get(spans_key(), ())
        scores = getattr(group, "attrs", {}).get("scores", ())
        is_scored = len(scores) == len(group)
        return {"spans": labelled_spans(group, map(float, scores) if is_scored else [None] * len(group))}

    return Results(columns={"spans": list[LabelledSpan]}, read=read, place=("doc.spans", spans_key()))


def _score(entity: Span, name: str) -> float | None:
    score = entity._.get(name)
    return None if score is None else float(score)
