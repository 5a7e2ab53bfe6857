"""The description of named entity recognition for the commands."""

from __future__ import annotations

from pathlib import Path

from spacy.tokens import Doc

from ...errors import Warnings
from ...planning.data_summary import LabelSurvey
from ...planning.exchange import Exchange
from ...planning.task import Score, Task
from .decisions import entity_decisions
from .plan import PLAN
from .report import EntityReport
from .report_rows import ner_rows
from .results import ner_results


def gold_types(doc: Doc) -> dict[str, bool] | None:
    """Return the types of the entities; None for a Doc without annotation."""
    return {entity.label_: True for entity in doc.ents} if doc.has_annotation("ENT_IOB") else None


def entities_and_scores(doc: Doc) -> tuple[str, str]:
    """Return the entities with their types, and the score of each."""
    entities = ", ".join(f"{entity.text} ({entity.label_})" for entity in doc.ents)
    return entities, ", ".join(f"{entity._.score:.2f}" for entity in doc.ents)


def warn_without_entities(path: Path, labels: LabelSurvey) -> list[str]:
    """Return a warning if a file has no entity at all."""
    return [] if labels.counts.total() else [Warnings.W502.format(path=path)]


TASK = Task(
    name="ner",
    title="Named entity recognition",
    things="texts",
    reader="spacy-bertadapt.ConllCorpus.v1",
    text_reader="spacy-bertadapt.EntityCorpus.v1",
    suffix=".conll",
    gold=gold_types,
    score=Score("ents_f", "F", in_spacy="ents_f"),
    prediction=entities_and_scores,
    example="Ada Lovelace lived in London.",
    attribute="ents",
    results=ner_results,
    report_rows=ner_rows,
    plan=PLAN,
    label_warnings=warn_without_entities,
    make_report=EntityReport,
    exchange=Exchange(auto_class="AutoModelForTokenClassification", hub_task="token-classification"),
    decisions=entity_decisions,
)
