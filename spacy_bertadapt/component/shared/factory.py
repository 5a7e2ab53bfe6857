"""The factory of bert_encoder, with its default settings."""

from typing import Any

from spacy.language import Language
from spacy.pipeline import TrainablePipe
from thinc.api import Model

from ..defaults import network_defaults
from ..window_settings import WindowSettings

DEFAULTS: dict[str, Any] = {
    "vectors": None,
    "max_length": None,
    "max_batch_subwords": None,
    "adapt": {"@misc": "spacy-bertadapt.FullFineTuning.v1"},
    "model": network_defaults("spacy-bertadapt.EncoderNetwork.v1"),
}


@Language.factory("bert_encoder", assigns=["doc.tensor"], default_config=DEFAULTS)
def make_bert_encoder(
    nlp: Language,
    name: str,
    model: Model,
    vectors: str | None,
    max_length: int | None,
    max_batch_subwords: int | None,
    adapt: Any,
) -> TrainablePipe:
    """An encoder for several components: see `BertEncoder`."""
    from .encoder import BertEncoder

    return BertEncoder(
        nlp.vocab,
        model,
        name,
        vectors=vectors,
        windows=WindowSettings(max_length=max_length, max_batch_subwords=max_batch_subwords),
        adapt=adapt,
        pipeline=nlp,
    )
