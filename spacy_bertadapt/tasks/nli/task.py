"""The description of natural language inference for the commands."""

from __future__ import annotations

from ...planning.task import Score, Task
from ..categories.decisions import category_decisions
from ..categories.exchange import OF_PAIRS
from ..categories.labels import best_category, gold_categories
from ..categories.number_task import with_numbers
from ..categories.report_rows import category_rows
from ..categories.results import category_results
from . import OWN_SCORES, PARTS
from .plan import PLAN

LABELS = Task(
    name="nli",
    title="Natural language inference",
    things="pairs",
    parts=PARTS,
    reader="spacy-bertadapt.PairCorpus.v1",
    suffix=".csv",
    gold=gold_categories,
    score=Score("nli_acc", "accuracy", in_spacy="cats_score"),
    prediction=best_category,
    example="A man is eating. [SEP] Someone eats.",
    attribute="cats",
    results=category_results,
    report_rows=category_rows(main="accuracy", parts=PARTS),
    plan=PLAN,
    exchange=OF_PAIRS,
    decisions=category_decisions,
)
TASK = with_numbers(LABELS, prefix=OWN_SCORES)
