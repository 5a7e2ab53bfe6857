"""What is wrong with predicted spans, each matched with the gold span that it comes closest to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..planning.report_rows import RowSpan

WRONG_TYPE, WRONG_BOUNDARIES, WRONG_BOTH, MISSED, SPURIOUS = range(5)
ERRORS = ("wrong type", "wrong boundaries", "type and boundaries", "missed", "spurious")


@dataclass(frozen=True, slots=True)
class SpanMatch:
    """A gold span and a predicted one that belong together; None for none. error: a number in `ERRORS`; None: right."""

    gold: RowSpan | None
    predicted: RowSpan | None
    error: int | None


def match_spans(gold: Sequence[RowSpan], predicted: Sequence[RowSpan]) -> list[SpanMatch]:
    """Return every span of a text in one match: equal ones first, then of the same place, then those that overlap.

    Of overlapping ones, those with the same label come first, and then those that share more characters.
    """
    by_key = {span.key: span for span in predicted}
    matches = [SpanMatch(span, by_key[span.key], None) for span in gold if span.key in by_key]
    right = {match.gold.key for match in matches if match.gold is not None}
    left = [span for span in gold if span.key not in right]
    spare = [span for span in predicted if span.key not in right]
    pairs = [(_closeness(one, other), n, m) for n, one in enumerate(left) for m, other in enumerate(spare)]
    for closeness, n, m in sorted(pairs, key=lambda pair: (-pair[0][0], -pair[0][1], pair[1], pair[2])):
        one, other = left[n], spare[m]
        if closeness[0] and one.key not in right and other.key not in right:
            matches.append(SpanMatch(one, other, _error(one, other)))
            right |= {one.key, other.key}
    matches += [SpanMatch(span, None, MISSED) for span in left if span.key not in right]
    matches += [SpanMatch(None, span, SPURIOUS) for span in spare if span.key not in right]
    return matches


def _closeness(one: RowSpan, other: RowSpan) -> tuple[int, int]:
    """Return how much two spans have in common: 3 the place, 2 label and characters, 1 characters, 0 nothing."""
    shared = min(one.end, other.end) - max(one.start, other.start)
    if shared <= 0:
        return 0, 0
    if (one.start, one.end) == (other.start, other.end):
        return 3, shared
    return (2, shared) if one.label == other.label else (1, shared)


def _error(gold: RowSpan, predicted: RowSpan) -> int:
    if gold.label == predicted.label:
        return WRONG_BOUNDARIES
    return WRONG_TYPE if (gold.start, gold.end) == (predicted.start, predicted.end) else WRONG_BOTH
