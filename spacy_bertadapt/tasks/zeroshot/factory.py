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
    from .component import BertZeroShot
    from .standing import own_component

    windows = WindowSettings(max_length=max_length, stride=stride, max_batch_subwords=max_batch_subwords)
    return BertZeroShot(
        nlp.vocab,
        name,
        nli=nli if model is None else own_component(nlp.vocab, model, f"{name}.nli", windows, long_text="mean"),
        labels=labels,
        template=template,
        multi_label=multi_label,
        threshold=threshold,
        scorer=scorer,
        pipeline=nlp,
    )
