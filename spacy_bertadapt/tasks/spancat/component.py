"""Span categorization: `doc.spans` from the score of every candidate span."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from spacy.tokens import Doc, Span, SpanGroup
from spacy.training import Example
from spacy.vocab import Vocab
from torch import Tensor

from ...component.base import BertPipe
from ...component.checks import filled, positive_int, probability
from ...component.gold import GoldLabels, LabelCounts
from ...component.outputs import WindowOutputs
from ...component.settings import LiveSetting
from ...component.texts import AlignedTexts
from ...component.thinc_model import NetworkModel
from ...component.unknown_labels import warn_of_unknown_labels
from ...errors import Errors, InvalidError, Warnings
from ...learning.learner import Loss
from ...learning.losses import SequenceLoss, checked_loss
from ...network.inputs import to_device
from ...subwords.batches import WindowBatch
from ...subwords.window_ownership import NO_WINDOW, owning_windows, place_spans
from ...types import MULTI_LABEL, Floats, Ints
from .candidates import (
    Candidates,
    Suggester,
    aligned_range,
    candidates_by_length,
    suggested_candidates,
    suggested_ranges,
)

LEAST = 0.05
"""The lowest threshold that is looked at: nearly all candidates are below it."""


@dataclass(frozen=True, slots=True)
class SpanTexts(AlignedTexts):
    """Encoded texts with the candidate spans that are scored."""

    candidates: Candidates

    def mark(self, batch: WindowBatch) -> WindowBatch:
        """Return the windows with every candidate, each in the window where it stands farthest from an edge."""
        start, last = self.candidates.start, self.candidates.stop - 1
        alignment = self.alignment
        return place_spans(batch, alignment.text[start], alignment.first[start], alignment.last[last])


@dataclass(frozen=True, slots=True)
class SpanTargets:
    """Gold labels of the candidates.

    batch: their windows. values: (spans of the batch, labels) 0 or 1. tokens: (windows,) how many are read from each.
    """

    batch: WindowBatch
    values: Floats
    tokens: Ints


@dataclass(frozen=True, slots=True)
class LabelledSpans:
    """Spans of some texts that have a label, in their order.

    text, start, stop: (spans,) the text of each, and its tokens. label: number of its label. score: 0 to 1.
    """

    text: Ints
    start: Ints
    stop: Ints
    label: Ints
    score: Floats


class BertSpanCategorizer(BertPipe[SpanTexts, SpanTargets, LabelledSpans]):
    """Sets `doc.spans[spans_key]` to spans that may overlap and nest, each with any number of labels.

    Every candidate is scored alone, label by label, in the window where it stands farthest from an edge.
    """

    gold_place = "doc.spans['{spans_key}']"
    spans_key = LiveSetting(filled)
    threshold = LiveSetting(probability)
    max_span_length = LiveSetting(positive_int)

    def __init__(
        self,
        vocab: Vocab,
        model: NetworkModel,
        name: str = "bert_spancat",
        *,
        spans_key: str = "sc",
        threshold: float = 0.5,
        max_span_length: int = 10,
        suggester: Suggester | None = None,
        loss: SequenceLoss | None = None,
        **settings: Any,
    ):
        """Take the settings: see `docs/spancat.md` for each.

        spans_key: where in `doc.spans` gold and predicted spans stand. threshold: the probability from which a span has
        a label. max_span_length: of candidates, in tokens. suggester: returns the candidates; None: they are all spans
        up to that length. loss: None: binary cross-entropy. Other arguments: see `BertPipe`.
        """
        super().__init__(
            vocab,
            model,
            name,
            cfg={"spans_key": spans_key, "threshold": threshold, "max_span_length": max_span_length},
            loss=checked_loss(loss, problem_type=MULTI_LABEL, reason="a span may have several labels:"),
            **settings,
        )
        self._suggester = suggester

    def encode(self, docs: Sequence[Doc], *, training: bool = False) -> SpanTexts:
        """Return the subwords of the Docs' texts, none across a border of tokens, and the candidates."""
        texts = self.runner.encode_tokens(docs, training=training)
        if self._suggester is None:
            candidates = candidates_by_length(texts.alignment, self.max_span_length)
        else:
            candidates = suggested_candidates(docs, texts.alignment, self._suggester)
        return SpanTexts(texts.segments, texts.alignment, candidates)

    def decode(self, outputs: WindowOutputs, texts: SpanTexts) -> LabelledSpans:
        """Return the candidates that have a label."""
        assert outputs.batch.spans is not None
        logits = torch.from_numpy(outputs.span_logits(len(self.labels)))
        probabilities = logits.sigmoid().numpy()
        span, label = np.nonzero(probabilities >= self.calibration.thresholds_of(self.labels, self.threshold))
        candidate = outputs.batch.spans.index[span]
        start, last = texts.candidates.start[candidate], texts.candidates.stop[candidate] - 1
        alignment = texts.alignment
        text, first, end = alignment.text[start], alignment.token[start], alignment.token[last] + 1
        order = np.lexsort((label, -end, first, text))
        score = probabilities[span, label]
        return LabelledSpans(text[order], first[order], end[order], label[order], score[order])

    @contextmanager
    def deciding(self, *, every: bool) -> Iterator[None]:
        """Set spans in the block whose probability is `LEAST` at least: see `BertPipe`."""
        with self._decided_by(dict.fromkeys(self.labels, LEAST) if every else None):
            yield

    def set_annotations(self, docs: Sequence[Doc], predictions: LabelledSpans) -> None:
        """Write the spans into `doc.spans[spans_key]`, by their start, the longest first, with their scores."""
        key, labels = self.spans_key, self.labels
        borders = np.searchsorted(predictions.text, np.arange(len(docs) + 1)).tolist()
        rows = list(zip(predictions.start.tolist(), predictions.stop.tolist(), predictions.label.tolist(), strict=True))
        for doc, first, end in zip(docs, borders[:-1], borders[1:], strict=True):
            spans = [Span(doc, start, stop, label=labels[label]) for start, stop, label in rows[first:end]]
            attrs = {"scores": predictions.score[first:end].copy()}
            doc.spans[key] = SpanGroup(doc, name=key, spans=spans, attrs=attrs)

    def is_annotated(self, example: Example) -> bool:
        """Return whether the gold Doc has spans under the key, or an empty group that says there are none."""
        return self.spans_key in example.reference.spans

    def gold_labels(self, example: Example) -> GoldLabels | None:
        """Return how many gold spans each label has, and how many spans up to `max_span_length` the text has."""
        if not self.is_annotated(example):
            return None
        spans = example.reference.spans[self.spans_key]
        tokens = len(example.reference)
        lengths = np.arange(1, min(self.max_span_length, tokens) + 1)
        return GoldLabels(Counter(span.label_ for span in spans), int((tokens + 1 - lengths).sum()))

    def count_labels(self, examples: Iterable[Example]) -> LabelCounts:
        """Count the spans of each label; warns of Docs without gold, and of spans that are no candidates."""
        total, missed, first = 0, 0, ""

        def gold_labels(example: Example) -> GoldLabels | None:
            nonlocal total, missed, first
            gold = self.gold_labels(example)
            spans = list(example.reference.spans[self.spans_key]) if gold is not None else []
            others = self._no_candidates(spans)
            total, missed = total + len(spans), missed + len(others)
            first = first or next((f"{span.label_} {span.text!r}" for span in others), "")
            return gold

        counts = self.count_gold(examples, gold_labels)
        if missed:
            settings = {"count": missed, "total": total, "longest": self.max_span_length, "first": first}
            warning = Warnings.W309 if self._suggester is None else Warnings.W316
            warnings.warn(warning.format(name=self.name, **settings), stacklevel=3)
        return counts

    def _change(self, setting: LiveSetting, value: Any) -> None:
        if setting.name == "max_span_length" and self._suggester is not None:
            raise InvalidError(Errors.E325.format(name=self.name))
        super()._change(setting, value)

    def _no_candidates(self, spans: Sequence[Span]) -> list[Span]:
        """Return the gold spans of a Doc that are no candidates, and so are neither learned nor predicted."""
        if self._suggester is None:
            return [span for span in spans if len(span) > self.max_span_length]
        ranges = suggested_ranges(spans[0].doc, self._suggester) if spans else set()
        return [span for span in spans if (span.start, span.end) not in ranges]

    def score(self, examples: Iterable[Example], **settings: Any) -> dict[str, Any]:
        """Score predictions. Warns of gold labels that neither the component knows nor another one predicts."""
        examples = list(examples)
        gold = (span.label_ for example in examples for span in example.reference.spans.get(self.spans_key, ()))
        predicted = (span.label_ for example in examples for span in example.predicted.spans.get(self.spans_key, ()))
        warn_of_unknown_labels(gold, {*self.labels, *self.cfg["ignored_labels"], *predicted})
        return super().score(examples, **settings)

    def targets(self, examples: Sequence[Example], texts: SpanTexts, batch: WindowBatch) -> SpanTargets:
        """Return the gold labels of the candidates that a window holds. Raises ValueError for an unknown label."""
        assert batch.spans is not None
        values = np.zeros((len(texts.candidates), len(self.labels)), dtype=np.float32)
        candidate, label = self._gold_candidates(examples, texts)
        values[candidate, label] = 1.0
        owner = owning_windows(batch, texts.alignment.text, texts.alignment.first)
        tokens = np.bincount(owner[owner != NO_WINDOW], minlength=len(batch))
        return SpanTargets(batch, values[batch.spans.index], tokens)

    def loss(self, logits: Tensor, rows: Ints, targets: SpanTargets) -> Loss:
        """Return the loss of the windows' candidates, summed over these and their labels, and the number of tokens.

        A mean over candidates, nearly all of which have no label, would be next to nothing beside the losses of other
        heads on the same encoder.
        """
        assert self.loss_function is not None
        gold = to_device(targets.values[targets.batch.spans_of(rows)], logits.device)
        weights = self.weights_of_labels(logits.device)
        losses = self.loss_function(logits, gold, torch.ones_like(gold), weights)
        return Loss(losses.sum() * gold.shape[-1], int(targets.tokens[rows].sum()))

    def _gold_candidates(self, examples: Sequence[Example], texts: SpanTexts) -> tuple[Ints, Ints]:
        """Return the candidates that are gold, (n,), and the label of each, (n,); one with two labels comes twice."""
        key = self.spans_key
        spans = [
            (number, span.start, span.end, label)
            for number, example in enumerate(examples)
            for span in example.reference.spans[key]
            if (label := self.label_number(span.label_)) is not None
        ]
        text, first, end, label = np.array(spans, dtype=np.int64).reshape(-1, 4).T
        start, stop = aligned_range(texts.alignment, text, first, end)
        reach = len(texts.alignment) + 1
        keys = texts.candidates.start * reach + texts.candidates.stop  # candidates stand in the order of their keys
        place = np.searchsorted(keys, start * reach + stop)
        is_candidate = np.append(keys, -1)[place] == start * reach + stop
        return place[is_candidate], label[is_candidate]
