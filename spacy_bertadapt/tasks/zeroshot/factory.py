"""The factory of bert_zeroshot, with its default settings."""

from typing import Any

from spacy.language import Language
from spacy.pipeline import Pipe
from thinc.api import Model

from ...component.defaults import WINDOW_DEFAULTS, Scorer
from ...component.window_settings import WindowSettings
from ..categories.defaults import CATS_WEIGHTS

DEFAULTS: dict[str, Any] = {
    "labels": [],
    "template": "This example is {}.",
    "multi_label": False,
    "threshold": None,
    "nli": "bert_nli",
    "model": None,
    **WINDOW_DEFAULTS,
    "scorer": {"@scorers": "spacy-bertadapt.TextcatScorer.v1"},
}


@Language.factory("bert_zeroshot", assigns=["doc.cats"], default_config=DEFAULTS, default_score_weights=CATS_WEIGHTS)
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
    from ..categories.pair_component import PairCategorizer
    from .component import BertZeroShot, nli_component

    owned = None
    if model is not None:
        windows = WindowSettings(max_length=max_length, stride=stride, max_batch_subwords=max_batch_subwords)
        settings: dict[str, Any] = {"exclusive": True, "long_text": "mean", "loss": None, "cfg": {}}
        owned = PairCategorizer(nlp.vocab, model, f"{name}.nli", windows=windows, **settings)
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
