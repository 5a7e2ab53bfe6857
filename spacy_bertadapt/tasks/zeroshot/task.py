"""The description of zero-shot classification for the commands: it is used, and not trained."""

from __future__ import annotations

from ...planning.task import Score, Task
from ..categories.labels import best_category, gold_categories
from ..categories.report_rows import category_rows
from ..categories.results import category_results

TASK = Task(
    name="zeroshot",
    title="Zero-shot classification",
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
)
