"""The factory of bert_qa, with its default settings."""

from typing import Any

from spacy.language import Language
from spacy.pipeline import TrainablePipe
from thinc.api import Model

from ...component.defaults import TRAINED_DEFAULTS, Scorer, Weights, network_defaults
from ...component.window_settings import WindowSettings

DEFAULTS: dict[str, Any] = {
    "questions": [],
    "top_k": 1,
    "n_best": 20,
    "max_answer_length": 30,
    "no_answer_threshold": 0.5,
    "allow_overlap": False,
    "score_extension": "score",
    **TRAINED_DEFAULTS,
    "stride": 64,
    "scorer": {"@scorers": "spacy-bertadapt.QaScorer.v1"},
    "model": network_defaults("spacy-bertadapt.AnswerFinder.v1"),
}
WEIGHTS: Weights = {
    "qa_f1": 1.0,
    **dict.fromkeys(["qa_em", "qa_has_answer_f1", "qa_no_answer_acc", "qa_answered"]),
    **dict.fromkeys(["spans_answers_p", "spans_answers_r", "spans_answers_f"]),
}


@Language.factory("bert_qa", assigns=["doc.spans"], default_config=DEFAULTS, default_score_weights=WEIGHTS)
def make_bert_qa(
    nlp: Language,
    name: str,
    model: Model,
    questions: list[str],
    top_k: int,
    n_best: int,
    max_answer_length: int,
    no_answer_threshold: float,
    allow_overlap: bool,
    score_extension: str | None,
    max_length: int | None,
    stride: int,
    max_windows: int | None,
    max_batch_subwords: int | None,
    adapt: Any,
    scorer: Scorer | None,
) -> TrainablePipe:
    """Extractive question answering with BERT: see `BertQa`."""
    from .component import BertQa

    return BertQa(
        nlp.vocab,
        model,
        name,
        make_doc=nlp.tokenizer,
        questions=questions,
        top_k=top_k,
        n_best=n_best,
        max_answer_length=max_answer_length,
        no_answer_threshold=no_answer_threshold,
        allow_overlap=allow_overlap,
        score_extension=score_extension,
        windows=WindowSettings(
            max_length=max_length, stride=stride, max_windows=max_windows, max_batch_subwords=max_batch_subwords
        ),
        adapt=adapt,
        scorer=scorer,
        pipeline=nlp,
    )
