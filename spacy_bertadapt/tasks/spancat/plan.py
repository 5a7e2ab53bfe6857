"""Settings and comments of configs for span categorization."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import numpy as np
from spacy.tokens import Doc

from ...planning.choices import Choice, choose_max_length
from ...planning.data_summary import DataSurvey
from ...planning.task import ConfigPlan
from .gold import gold_spans

LARGEST_STRIDE = 64
USUAL_SPANS = 99.5
"""Per cent of the gold spans that are to be candidates."""
HEAD_FACTOR = 3.0


def span_lengths(doc: Doc) -> Iterable[int]:
    """Return the lengths of a Doc's gold spans, in tokens."""
    return map(len, gold_spans(doc) or ())


def choose(data: DataSurvey) -> list[Choice]:
    """Decide on the settings that depend on the data."""
    max_length = choose_max_length(data)
    loss = Choice("component.loss", None, "binary cross-entropy, as spans may have several labels")
    reason = "the new head has a hidden layer, and learns too slowly at the encoder's rate"
    head = Choice("component.adapt.head_factor", HEAD_FACTOR, reason)
    return [loss, head, _max_span_length(data.measures), max_length, _stride(max_length.value, data)]


def _max_span_length(lengths: Counter[int]) -> Choice:
    setting = "component.max_span_length"
    if not lengths:
        return Choice(setting, 1, "no training text has a span")
    values = np.repeat(list(lengths), list(lengths.values()))
    chosen, longest = int(np.percentile(values, USUAL_SPANS, method="higher")), int(values.max())
    if chosen == longest:
        return Choice(setting, chosen, f"the longest gold span has {longest:,} tokens")
    left_out = int((values > chosen).sum())
    reason = f"{left_out:,} of {len(values):,} gold spans are longer (up to {longest:,} tokens), and are not learned"
    return Choice(setting, chosen, f"{reason}; each token more is as many candidates more as there are tokens")


def _stride(max_length: int, data: DataSurvey) -> Choice:
    stride = min(LARGEST_STRIDE, max_length // 4)
    reason = "subwords that neighbouring windows share, so that every span of up to as many stands whole in one"
    if data.lengths.longest <= max_length:
        reason = "no training text needs several windows"
    return Choice("component.stride", stride, reason)


PLAN = ConfigPlan(
    choose=choose,
    measure=span_lengths,
    notes={
        "component.spans_key": "key in doc.spans of gold and predicted spans; scores are then named spans_KEY_f",
        "component.threshold": "the probability from which a span has a label; find-threshold can choose it",
        "component.max_span_length": "tokens of a candidate, at most; longer spans are neither learned nor predicted",
        "component.suggester": "names the candidates instead, such as spacy.ngram_suggester.v1; null: all spans up to "
        "max_span_length",
        "component.stride": "overlap of neighbouring windows, in subwords; a span is read where it stands whole and "
        "farthest from an edge",
        "component.loss": "null: binary cross-entropy; spacy-bertadapt.BinaryCrossEntropy.v1 has class_weights, "
        "label_smoothing and focal_gamma",
        "component.loss.class_weights": 'null, or what a label\'s spans weigh beside other candidates: {"rare": 2.0}',
        "component.model.hidden_size": "units of the head's hidden layer",
        "reader.format": "conll, or one of docs/data.md; null: by content and suffix",
        "reader.word": "columns by number: 0 is the first, -1 the last; this and all up to sentences for CoNLL only",
        "reader.tags": "columns of tags, each a level of nesting; null: all after the word",
        "reader.document": "column that names the document; null: there is none",
        "reader.scheme": "bio, iob1, bioes or bilou: a tag against it is an error; null: whatever is there",
        "reader.sentences": "sentences that go into a Doc; 0: all of a document",
        "reader.gold_preproc": "true: scores are on the file's tokens, as in publications; false: on those of the "
        "pipeline's tokenizer",
        "reader.spans_key": "as of the component",
    },
    sample={
        "component.max_length": 128,
        "component.max_span_length": 20,
        "component.adapt.head_factor": HEAD_FACTOR,
        "training.optimizer.learn_rate.initial_rate": 3e-4,
    },
)
