"""The factories that spaCy finds by entry point, with their default settings.

Every `Language()` imports this module, so it imports nothing heavy: torch and Transformers come with the
first component that is made.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

from spacy.language import Language
from spacy.pipeline import Pipe, TrainablePipe
from thinc.api import Model

Scorer: TypeAlias = Callable[..., dict[str, Any]]

DEFAULT_ENCODER = "bert-base-uncased"

WINDOW_DEFAULTS = {"max_length": None, "stride": 0, "max_batch_subwords": None}
RUN_DEFAULTS = {**WINDOW_DEFAULTS, "max_windows": 8, "adapt": {"@misc": "spacy-bertadapt.FullFineTuning.v1"}}

ON_AN_ENCODER = {
    "device": "auto",
    "precision": "auto",
    "encoder": {
        "@misc": "spacy-bertadapt.Encoder.v1",
        "name": DEFAULT_ENCODER,
        "revision": None,
        "dropout": None,
    },
}
SEQUENCE_CLASSIFIER = {"@architectures": "spacy-bertadapt.SequenceClassifier.v1", **ON_AN_ENCODER}
ANSWER_FINDER = {"@architectures": "spacy-bertadapt.AnswerFinder.v1", **ON_AN_ENCODER}
TOKEN_CLASSIFIER = {"@architectures": "spacy-bertadapt.TokenClassifier.v1", **ON_AN_ENCODER}

TEXTCAT_DEFAULTS = {
    "exclusive": True,
    "threshold": None,
    "positive_label": None,
    "long_text": "mean",
    **RUN_DEFAULTS,
    "loss": None,
    "scorer": {"@scorers": "spacy-bertadapt.TextcatScorer.v1"},
    "model": SEQUENCE_CLASSIFIER,
}

NLI_DEFAULTS = {
    "long_text": "mean",
    **RUN_DEFAULTS,
    "loss": None,
    "scorer": {"@scorers": "spacy-bertadapt.NliScorer.v1"},
    "model": SEQUENCE_CLASSIFIER,
}

NER_DEFAULTS = {
    "scheme": None,
    "confidence": "mean",
    "min_score": 0.0,
    "overwrite_ents": False,
    "spans_key": None,
    "score_extension": "score",
    **RUN_DEFAULTS,
    "stride": 32,
    "loss": None,
    "scorer": {"@scorers": "spacy.ner_scorer.v1"},
    "model": TOKEN_CLASSIFIER,
}

QA_DEFAULTS: dict[str, Any] = {
    "questions": [],
    "top_k": 1,
    "n_best": 20,
    "max_answer_length": 30,
    "no_answer_threshold": 0.5,
    "allow_overlap": False,
    "score_extension": "score",
    **RUN_DEFAULTS,
    "stride": 64,
    "scorer": {"@scorers": "spacy-bertadapt.QaScorer.v1"},
    "model": ANSWER_FINDER,
}

ZEROSHOT_DEFAULTS: dict[str, Any] = {
    "labels": [],
    "template": "This example is {}.",
    "multi_label": False,
    "threshold": None,
    "nli": "bert_nli",
    "model": None,
    **WINDOW_DEFAULTS,
    "scorer": {"@scorers": "spacy-bertadapt.TextcatScorer.v1"},
}

CATS_SCORES = [
    "cats_score",
    "cats_score_desc",
    "cats_micro_p",
    "cats_micro_r",
    "cats_micro_f",
    "cats_macro_p",
    "cats_macro_r",
    "cats_macro_f",
    "cats_macro_auc",
    "cats_f_per_type",
]
CATS_WEIGHTS: dict[str, float | None] = {**dict.fromkeys(CATS_SCORES), "cats_score": 1.0}
NLI_WEIGHTS: dict[str, float | None] = {
    "nli_acc": 1.0,
    **dict.fromkeys(["nli_macro_f", "nli_per_type", "nli_confusion", *CATS_SCORES]),
}
QA_WEIGHTS: dict[str, float | None] = {
    "qa_f1": 1.0,
    **dict.fromkeys(["qa_em", "qa_has_answer_f1", "qa_no_answer_acc", "qa_answered"]),
    **dict.fromkeys(["spans_answers_p", "spans_answers_r", "spans_answers_f"]),
}
NER_WEIGHTS: dict[str, float | None] = {"ents_f": 1.0, "ents_p": None, "ents_r": None, "ents_per_type": None}


@Language.factory(
    "bert_textcat", assigns=["doc.cats"], default_config=TEXTCAT_DEFAULTS, default_score_weights=CATS_WEIGHTS
)
def make_bert_textcat(
    nlp: Language,
    name: str,
    model: Model,
    exclusive: bool,
    threshold: float | None,
    positive_label: str | None,
    long_text: str,
    max_length: int | None,
    stride: int,
    max_windows: int | None,
    max_batch_subwords: int | None,
    adapt: Any,
    loss: Any,
    scorer: Scorer | None,
) -> TrainablePipe:
    """Text classification with BERT: see `BertTextCategorizer`."""
    from .textcat.component import BertTextCategorizer

    return BertTextCategorizer(
        nlp.vocab,
        model,
        name,
        exclusive=exclusive,
        threshold=threshold,
        positive_label=positive_label,
        long_text=long_text,
        max_length=max_length,
        stride=stride,
        max_windows=max_windows,
        max_batch_subwords=max_batch_subwords,
        adapt=adapt,
        loss=loss,
        scorer=scorer,
    )


@Language.factory("bert_nli", assigns=["doc.cats"], default_config=NLI_DEFAULTS, default_score_weights=NLI_WEIGHTS)
def make_bert_nli(
    nlp: Language,
    name: str,
    model: Model,
    long_text: str,
    max_length: int | None,
    stride: int,
    max_windows: int | None,
    max_batch_subwords: int | None,
    adapt: Any,
    loss: Any,
    scorer: Scorer | None,
) -> TrainablePipe:
    """Natural language inference with BERT: see `BertNli`."""
    from .nli.component import BertNli

    return BertNli(
        nlp.vocab,
        model,
        name,
        long_text=long_text,
        max_length=max_length,
        stride=stride,
        max_windows=max_windows,
        max_batch_subwords=max_batch_subwords,
        adapt=adapt,
        loss=loss,
        scorer=scorer,
    )


@Language.factory(
    "bert_ner",
    assigns=["doc.ents", "token.ent_iob", "token.ent_type", "span._.score"],
    default_config=NER_DEFAULTS,
    default_score_weights=NER_WEIGHTS,
)
def make_bert_ner(
    nlp: Language,
    name: str,
    model: Model,
    scheme: str | None,
    confidence: Any,
    min_score: float,
    overwrite_ents: bool,
    spans_key: str | None,
    score_extension: str | None,
    max_length: int | None,
    stride: int,
    max_windows: int | None,
    max_batch_subwords: int | None,
    adapt: Any,
    loss: Any,
    scorer: Scorer | None,
) -> TrainablePipe:
    """Named entity recognition with BERT: see `BertNer`."""
    from .ner.component import BertNer

    return BertNer(
        nlp.vocab,
        model,
        name,
        scheme=scheme,
        confidence=confidence,
        min_score=min_score,
        overwrite_ents=overwrite_ents,
        spans_key=spans_key,
        score_extension=score_extension,
        max_length=max_length,
        stride=stride,
        max_windows=max_windows,
        max_batch_subwords=max_batch_subwords,
        adapt=adapt,
        loss=loss,
        scorer=scorer,
    )


@Language.factory(
    "bert_qa", assigns=["doc.spans", "span._.score"], default_config=QA_DEFAULTS, default_score_weights=QA_WEIGHTS
)
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
    from .qa.component import BertQa

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
        max_length=max_length,
        stride=stride,
        max_windows=max_windows,
        max_batch_subwords=max_batch_subwords,
        adapt=adapt,
        scorer=scorer,
    )


@Language.factory(
    "bert_zeroshot", assigns=["doc.cats"], default_config=ZEROSHOT_DEFAULTS, default_score_weights=CATS_WEIGHTS
)
def make_bert_zeroshot(
    nlp: Language,
    name: str,
    labels: list[str],
    template: str,
    multi_label: bool,
    threshold: float | None,
    nli: str,
    model: Model | None,
    max_length: int | None,
    stride: int,
    max_batch_subwords: int | None,
    scorer: Scorer | None,
) -> Pipe:
    """Zero-shot text classification on top of natural language inference: see `BertZeroShot`."""
    from .nli.component import BertNli
    from .zeroshot.component import BertZeroShot, nli_component

    settings: dict[str, Any] = {"max_length": max_length, "stride": stride, "max_batch_subwords": max_batch_subwords}
    owned = None if model is None else BertNli(nlp.vocab, model, f"{name}.nli", scorer=None, **settings)
    return BertZeroShot(
        name,
        owned or nli_component(nlp, nli, name),
        owns_nli=owned is not None,
        labels=labels,
        template=template,
        multi_label=multi_label,
        threshold=threshold,
        scorer=scorer,
    )
