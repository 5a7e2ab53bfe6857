"""The description of span categorization for the commands."""

from __future__ import annotations

from pathlib import Path

from spacy.tokens import Doc

from ...errors import Warnings
from ...planning.data_summary import LabelSurvey
from ...planning.task import Score, Task
from .gold import SPANS_KEY, gold_spans
from .plan import PLAN
from .report import OverlappingSpanReport


def gold_labels(doc: Doc) -> dict[str, bool] | None:
    """Return the labels of the spans; None for a Doc without annotation."""
    spans = gold_spans(doc)
    return None if spans is None else {span.label_: True for span in spans}


def spans_and_scores(doc: Doc) -> tuple[str, str]:
    """Return the spans with their labels, and the probability of each."""
    group = doc.spans[SPANS_KEY]
    spans = ", ".join(f"{span.text} ({span.label_})" for span in group)
    return spans, ", ".join(f"{score:.2f}" for score in group.attrs["scores"])


def warn_without_spans(path: Path, labels: LabelSurvey) -> list[str]:
    """Return a warning if a file has no span at all."""
    return [] if labels.counts.total() else [Warnings.W503.format(path=path)]


TASK = Task(
    name="spancat",
    title="Span categorization",
    things="texts",
    reader="spacy-bertadapt.SpanCorpus.v1",
    suffix=".jsonl",
    gold=gold_labels,
    score=Score(f"spans_{SPANS_KEY}_f", "F", in_spacy=f"spans_{SPANS_KEY}_f"),
    prediction=spans_and_scores,
    example="The lid of the Nimbus 300 cracked after two weeks.",
    attribute=f'spans["{SPANS_KEY}"]',
    plan=PLAN,
    label_warnings=warn_without_spans,
    make_report=OverlappingSpanReport,
)
