"""The description of text classification for the commands."""

from __future__ import annotations

from ...planning.task import Score, Task
from ..categories.decisions import category_decisions
from ..categories.exchange import OF_TEXTS
from ..categories.labels import best_category, gold_categories
from ..categories.number_task import with_numbers
from ..categories.report_rows import category_rows
from ..categories.results import category_results
from .plan import PLAN

LABELS = Task(
    name="textcat",
    title="Text classification",
    things="texts",
    reader="spacy-bertadapt.TextcatCorpus.v1",
    suffix=".csv",
    gold=gold_categories,
    score=Score("cats_score", "macro F", in_spacy="cats_score"),
    prediction=best_category,
    example="Where is my parcel?",
    attribute="cats",
    results=category_results,
    report_rows=category_rows(main="macro F"),
    plan=PLAN,
    exchange=OF_TEXTS,
    decisions=category_decisions,
)
TASK = with_numbers(LABELS)
