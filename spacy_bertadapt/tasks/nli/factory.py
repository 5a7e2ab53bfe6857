"""The factory of bert_nli, with its default settings."""

from typing import Any

from spacy.language import Language
from spacy.pipeline import TrainablePipe
from thinc.api import Model

from ...component.defaults import TRAINED_DEFAULTS, Scorer, Weights, network_defaults
from ...component.window_settings import WindowSettings
from ..categories.defaults import ARCHITECTURE, number_weights
from . import OWN_SCORES

DEFAULTS: dict[str, Any] = {
    "long_text": "mean",
    **TRAINED_DEFAULTS,
    "loss": None,
    "scorer": {"@scorers": "spacy-bertadapt.NliScorer.v1"},
    "model": network_defaults(ARCHITECTURE),
}
WEIGHTS: Weights = {
    "nli_acc": 1.0,
    **dict.fromkeys(["nli_macro_f", "nli_per_type", "nli_confusion"]),
    **dict.fromkeys(number_weights(OWN_SCORES)),
}


@Language.factory("bert_nli", assigns=["doc.cats"], default_config=DEFAULTS, default_score_weights=WEIGHTS)
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
    from .component import BertNli

    return BertNli(
        nlp.vocab,
        model,
        name,
        long_text=long_text,
        windows=WindowSettings(
            max_length=max_length, stride=stride, max_windows=max_windows, max_batch_subwords=max_batch_subwords
        ),
        adapt=adapt,
        loss=loss,
        scorer=scorer,
        pipeline=nlp,
    )
