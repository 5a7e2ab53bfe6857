"""What is in gold spans that may overlap, and what may be wrong with them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from spacy.tokens import Span
from spacy.training import Example
from wasabi import msg

from ...planning.span_report import EXAMPLES_SHOWN, SpanReport, in_context
from .factory import DEFAULTS
from .gold import gold_spans

LONGEST = DEFAULTS["max_span_length"]


@dataclass
class OverlappingSpanReport(SpanReport):
    """Spans of a split, how they overlap, and those that look wrong.

    overlaps: spans by how they lie to others, as of `count_overlaps`. long_spans: those above the default of
    max_span_length, as text.
    """

    overlaps: Counter[str] = field(default_factory=Counter)
    long_spans: list[str] = field(default_factory=list)

    def add(self, example: Example) -> None:
        """Look at the spans of an Example; one without annotation has none."""
        spans = gold_spans(example.reference) or []
        self.add_spans(spans, example.predicted)
        self.overlaps.update(count_overlaps(spans))
        self.long_spans.extend(in_context(span) for span in spans if len(span) > LONGEST)

    def show(self) -> None:
        """Print the lengths, how many spans overlap, and the first spans of each problem."""
        super().show()
        overlaps = [f"{self.overlaps[name]:,} {meaning}" for name, meaning in OVERLAPS.items()]
        msg.info(f"Spans that overlap: {'; '.join(overlaps)}")
        if self.long_spans:
            msg.warn(
                f"{len(self.long_spans):,} spans have more than {LONGEST} tokens, the default of max_span_length; "
                "init-config chooses one for the data"
            )
            msg.text("\n".join(f"  {span}" for span in self.long_spans[:EXAMPLES_SHOWN]))


OVERLAPS = {
    "nested": "nest in a longer one",
    "crossing": "cross another",
    "same range": "share their range with another label",
}


def count_overlaps(spans: Sequence[Span]) -> dict[str, int]:
    """Return how many spans of a text lie to some other span as each of `OVERLAPS` says."""
    start = np.array([span.start for span in spans], dtype=np.int64)
    end = np.array([span.end for span in spans], dtype=np.int64)
    starts_later, starts_same = start[:, None] > start, start[:, None] == start
    ends_earlier, ends_same = end[:, None] < end, end[:, None] == end
    nested = (starts_later | starts_same) & (ends_earlier | ends_same) & ~(starts_same & ends_same)
    crosses_left = ~starts_later & ~starts_same & ends_earlier & (end[:, None] > start)
    same_range = starts_same & ends_same & ~np.eye(len(start), dtype=bool)
    pairs = {"nested": nested, "crossing": crosses_left | crosses_left.T, "same range": same_range}
    return {name: int(holds.any(axis=1).sum()) for name, holds in pairs.items()}
