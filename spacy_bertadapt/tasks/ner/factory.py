"""The factory of bert_ner, with its default settings."""

from typing import Any

from spacy.language import Language
from spacy.pipeline import TrainablePipe
from thinc.api import Model

from ...component.defaults import TRAINED_DEFAULTS, Scorer, Weights, network_defaults
from ...component.window_settings import WindowSettings

DEFAULTS: dict[str, Any] = {
    "scheme": None,
    "confidence": "mean",
    "min_score": 0.0,
    "overwrite_ents": False,
    "spans_key": None,
    "score_extension": "score",
    **TRAINED_DEFAULTS,
    "stride": 32,
    "loss": None,
    "scorer": {"@scorers": "spacy.ner_scorer.v1"},
    "model": network_defaults("spacy-bertadapt.TokenClassifier.v1"),
}
WEIGHTS: Weights = {"ents_f": 1.0, "ents_p": None, "ents_r": None, "ents_per_type": None}


@Language.factory(
    "bert_ner",
    assigns=["doc.ents", "token.ent_iob", "token.ent_type", "span._.score"],
    default_config=DEFAULTS,
    default_score_weights=WEIGHTS,
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
    from .component import BertNer

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
        windows=WindowSettings(
            max_length=max_length, stride=stride, max_windows=max_windows, max_batch_subwords=max_batch_subwords
        ),
        adapt=adapt,
        loss=loss,
        scorer=scorer,
        pipeline=nlp,
    )
