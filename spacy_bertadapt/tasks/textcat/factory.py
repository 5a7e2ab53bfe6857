"""The factory of bert_textcat, with its default settings."""

from typing import Any

from spacy.language import Language
from spacy.pipeline import TrainablePipe
from thinc.api import Model

from ...component.defaults import TRAINED_DEFAULTS, Scorer, network_defaults
from ...component.window_settings import WindowSettings
from ..categories.defaults import ARCHITECTURE, CATS_WEIGHTS

DEFAULTS: dict[str, Any] = {
    "exclusive": True,
    "threshold": None,
    "positive_label": None,
    "long_text": "mean",
    **TRAINED_DEFAULTS,
    "loss": None,
    "scorer": {"@scorers": "spacy-bertadapt.TextcatScorer.v1"},
    "model": network_defaults(ARCHITECTURE),
}


@Language.factory("bert_textcat", assigns=["doc.cats"], default_config=DEFAULTS, default_score_weights=CATS_WEIGHTS)
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
    from .component import BertTextCategorizer

    return BertTextCategorizer(
        nlp.vocab,
        model,
        name,
        exclusive=exclusive,
        threshold=threshold,
        positive_label=positive_label,
        long_text=long_text,
        windows=WindowSettings(
            max_length=max_length, stride=stride, max_windows=max_windows, max_batch_subwords=max_batch_subwords
        ),
        adapt=adapt,
        loss=loss,
        scorer=scorer,
        pipeline=nlp,
    )
