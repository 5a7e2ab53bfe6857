"""The factories that spaCy finds by entry point, with their default settings.

Every `Language()` imports this module, so it imports nothing heavy: torch and Transformers come with the
first component that is made.
"""

from collections.abc import Callable
from typing import Any

from spacy.language import Language
from spacy.pipeline import TrainablePipe
from thinc.api import Model

DEFAULT_ENCODER = "bert-base-uncased"

TEXTCAT_DEFAULTS = {
    "exclusive": True,
    "threshold": None,
    "positive_label": None,
    "long_text": "mean",
    "max_length": None,
    "stride": 0,
    "max_windows": 8,
    "max_batch_subwords": None,
    "loss": None,
    "scorer": {"@scorers": "spacy-bertadapt.TextcatScorer.v1"},
    "model": {
        "@architectures": "spacy-bertadapt.SequenceClassifier.v1",
        "device": "auto",
        "precision": "auto",
        "encoder": {
            "@misc": "spacy-bertadapt.Encoder.v1",
            "name": DEFAULT_ENCODER,
            "revision": None,
            "dropout": None,
        },
    },
}

CATS_SCORE_WEIGHTS: dict[str, float | None] = {
    "cats_score": 1.0,
    "cats_score_desc": None,
    "cats_micro_p": None,
    "cats_micro_r": None,
    "cats_micro_f": None,
    "cats_macro_p": None,
    "cats_macro_r": None,
    "cats_macro_f": None,
    "cats_macro_auc": None,
    "cats_f_per_type": None,
}


@Language.factory(
    "bert_textcat",
    assigns=["doc.cats"],
    default_config=TEXTCAT_DEFAULTS,
    default_score_weights=CATS_SCORE_WEIGHTS,
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
    loss: Any,
    scorer: Callable[..., dict[str, Any]] | None,
) -> TrainablePipe:
    """Text classification with BERT: see `BertTextCategorizer`."""
    from .pipeline.textcat import BertTextCategorizer

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
        loss=loss,
        scorer=scorer,
    )
