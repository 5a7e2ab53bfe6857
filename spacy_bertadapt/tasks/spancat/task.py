"""The description of span categorization for the commands."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from spacy.tokens import Doc

from ...errors import Warnings
from ...planning.data_summary import LabelSurvey
from ...planning.exchange import Exchange
from ...planning.task import Score, Task
from .decisions import span_decisions
from .gold import SPANS_KEY, gold_spans
from .plan import PLAN
from .report import OverlappingSpanReport
from .report_rows import spancat_rows
from .results import spancat_results

if TYPE_CHECKING:
    from ...network.checkpoint_facts import CheckpointFacts


def gold_labels(doc: Doc) -> dict[str, bool] | None:
    """Return the labels of the spans; None for a Doc without annotation."""
    spans = gold_spans(doc)
    return None if spans is None else {span.label_: True for span in spans}


def spans_and_scores(doc: Doc) -> tuple[str, str]:
    """Return the spans with their labels, and the probability of each."""
    group = doc.spans[SPANS_KEY]
    spans = ", ".join(f"{span.text} ({span.label_})" for span in group)
    return spans, ", ".join(f"{score:.2f}" for score in group.attrs["scores"])


def size_of_head(facts: CheckpointFacts) -> dict[str, Any]:
    """Return the setting that makes a head as large as a checkpoint's, whose last weights are (labels, units)."""
    shape = facts.own_head.get("classifier.weight", ())
    return {"model": {"hidden_size": shape[1]}} if len(shape) == 2 else {}


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
    results=spancat_results,
    report_rows=spancat_rows,
    plan=PLAN,
    label_warnings=warn_without_spans,
    make_report=OverlappingSpanReport,
    exchange=Exchange(
        auto_class="AutoModel",
        hub_task="feature-extraction",
        is_meant=lambda facts: bool(facts.own_head),
        settings=size_of_head,
    ),
    decisions=span_decisions,
)
