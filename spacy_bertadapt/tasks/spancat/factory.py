"""The factory of bert_spancat, with its default settings."""

from typing import Any

from spacy.language import Language
from spacy.pipeline import TrainablePipe
from thinc.api import Model

from ...component.defaults import TRAINED_DEFAULTS, Scorer, Weights, network_defaults
from ...component.window_settings import WindowSettings

DEFAULTS: dict[str, Any] = {
    "spans_key": "sc",
    "threshold": 0.5,
    "max_span_length": 10,
    "suggester": None,
    **TRAINED_DEFAULTS,
    "stride": 32,
    "loss": None,
    "scorer": {"@scorers": "spacy.spancat_scorer.v1"},
    "model": {**network_defaults("spacy-bertadapt.SpanClassifier.v1"), "hidden_size": 256},
}
WEIGHTS: Weights = {"spans_sc_f": 1.0, "spans_sc_p": None, "spans_sc_r": None, "spans_sc_per_type": None}


@Language.factory("bert_spancat", assigns=["doc.spans"], default_config=DEFAULTS, default_score_weights=WEIGHTS)
def make_bert_spancat(
    nlp: Language,
    name: str,
    model: Model,
    spans_key: str,
    threshold: float,
    max_span_length: int,
    suggester: Any,
    max_length: int | None,
    stride: int,
    max_windows: int | None,
    max_batch_subwords: int | None,
    adapt: Any,
    loss: Any,
    scorer: Scorer | None,
) -> TrainablePipe:
    """Span categorization with BERT: see `BertSpanCategorizer`."""
    from .component import BertSpanCategorizer

    return BertSpanCategorizer(
        nlp.vocab,
        model,
        name,
        spans_key=spans_key,
        threshold=threshold,
        max_span_length=max_span_length,
        suggester=suggester,
        windows=WindowSettings(
            max_length=max_length, stride=stride, max_windows=max_windows, max_batch_subwords=max_batch_subwords
        ),
        adapt=adapt,
        loss=loss,
        scorer=scorer,
        pipeline=nlp,
    )
