"""The description of question answering for the commands."""

from __future__ import annotations

from spacy.tokens import Doc

from ...planning.exchange import Exchange
from ...planning.task import Score, Task
from . import ANSWERS, PARTS
from .decisions import answer_decisions
from .plan import ANSWERABLE, PLAN, UNANSWERABLE
from .report_rows import qa_rows
from .results import qa_results


def gold_answerability(doc: Doc) -> dict[str, bool] | None:
    """Return whether the question has an answer, as two labels; None for a Doc without annotation."""
    if ANSWERS not in doc.spans:
        return None
    has_answer = bool(len(doc.spans[ANSWERS]))
    return {ANSWERABLE: has_answer, UNANSWERABLE: not has_answer}


def answers_and_no_answer_score(doc: Doc) -> tuple[str, str]:
    """Return the answers, and the probability of no answer."""
    answers = doc.spans[ANSWERS]
    texts = ", ".join(span.text for span in answers)
    return texts or "no answer", f"{answers.attrs['no_answer_score']:.2f} none"


TASK = Task(
    name="qa",
    title="Question answering",
    things="questions",
    parts=PARTS,
    reader="spacy-bertadapt.SquadCorpus.v1",
    suffix=".json",
    gold=gold_answerability,
    score=Score("qa_f1", "F1", in_spacy="spans_answers_f"),
    prediction=answers_and_no_answer_score,
    example="Where did she live? [SEP] Ada Lovelace lived in London.",
    attribute='spans["answers"]',
    results=qa_results,
    report_rows=qa_rows,
    plan=PLAN,
    exchange=Exchange(auto_class="AutoModelForQuestionAnswering", hub_task="question-answering"),
    decisions=answer_decisions,
)
