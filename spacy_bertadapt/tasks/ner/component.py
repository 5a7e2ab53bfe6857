"""Named entity recognition: `doc.ents` from one tag a token."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal, TypeAlias

import numpy as np
import torch
from spacy.tokens import Doc
from spacy.training import Example
from spacy.vocab import Vocab
from torch import Tensor

from ...component.base import BertPipe
from ...component.checks import filled, flag, one_of, optional, probability
from ...component.gold import GoldLabels, LabelCounts
from ...component.outputs import WindowOutputs
from ...component.score_extension import score_extension as score_name
from ...component.settings import LiveSetting
from ...component.texts import AlignedTexts
from ...component.thinc_model import NetworkModel
from ...component.unknown_labels import warn_of_unknown_labels
from ...errors import Errors, InvalidError, Warnings
from ...learning.learner import Loss
from ...learning.losses import SequenceLoss, checked_loss
from ...network.checkpoint import Checkpoint
from ...network.inputs import to_device
from ...planning.span_report import in_context
from ...subwords.batches import WindowBatch
from ...subwords.window_ownership import NO_WINDOW, owning_windows
from ...types import SINGLE_LABEL, Floats, Ints
from .entities import Entities, EntityWriter
from .gold import count_gold_tokens, gold_entities
from .misfits import misfit_entities
from .tag_scheme import OUTSIDE, TagScheme, TagSpans

CONFIDENCES = ("mean", "product")
Confidence = Literal["mean", "product"]

TagTargets: TypeAlias = Ints
"""(windows, subwords) the gold tag of each token at its first subword, NO_TAG elsewhere."""

NO_TAG = -1


class BertNer(BertPipe[AlignedTexts, TagTargets, Entities]):
    """Sets `doc.ents`, and `ent._.score` to the score of each, from 0 to 1.

    A token's tag is read from its first subword, in the window where that stands farthest from an edge. Tokens that
    are white space, or that the tokenizer drops, have no tag: an entity may contain them, but not end with one.
    """

    outside_label = OUTSIDE
    gold_place = "doc.ents"
    confidence = LiveSetting(one_of(*CONFIDENCES))
    min_score = LiveSetting(probability)
    overwrite_ents = LiveSetting(flag)
    spans_key = LiveSetting(optional(filled))
    score_extension = LiveSetting(score_name)

    def __init__(
        self,
        vocab: Vocab,
        model: NetworkModel,
        name: str = "bert_ner",
        *,
        scheme: str | None = None,
        confidence: Confidence = "mean",
        min_score: float = 0.0,
        overwrite_ents: bool = False,
        spans_key: str | None = None,
        score_extension: str | None = "score",
        loss: SequenceLoss | None = None,
        **settings: Any,
    ):
        """Take the settings: see `docs/ner.md` for each.

        scheme: "bio", "bilou", "io" or "iob1"; None: the checkpoint's, else bio. confidence: an entity's score is the
        "mean" or the "product" of its tokens' probabilities. min_score: entities below it are left out.
        overwrite_ents: whether earlier entities give way to overlapping ones that have a score of 0.5 or more.
        spans_key: a key in `doc.spans` for the entities. score_extension: the name of `ent._.score`; None: none.
        loss: cross-entropy if None. Other arguments: see `BertPipe`.
        """
        if scheme is not None:
            TagScheme.tags([], scheme)
        super().__init__(
            vocab,
            model,
            name,
            cfg={
                "scheme": scheme,
                "confidence": confidence,
                "min_score": min_score,
                "overwrite_ents": overwrite_ents,
                "spans_key": spans_key,
                "score_extension": score_extension,
            },
            loss=checked_loss(loss, problem_type=SINGLE_LABEL, reason="a token has one tag:"),
            **settings,
        )
        self._scheme: TagScheme | None = None

    @property
    def scheme(self) -> TagScheme:
        """The meaning of the head's outputs. Raises ValueError before there is a network."""
        if self._scheme is None:
            raise InvalidError(Errors.E106.format(name=self.shim.settings.encoder.name))
        return self._scheme

    def head_labels(self, labels: Sequence[str], known: Sequence[str]) -> Sequence[str]:
        """Return tags for the types, in the letters of the checkpoint's own tags if it has any."""
        if self._settings["scheme"] is None and OUTSIDE in known:
            scheme = TagScheme.of(known)
            return known if set(labels) <= set(scheme.names) else scheme.same_scheme(labels)
        return TagScheme.tags(labels, self._settings["scheme"] or "bio")

    def accept(self, checkpoint: Checkpoint) -> tuple[str, ...]:
        """Return the types of entities that a checkpoint's tags name. Raises ValueError if its labels are no tags."""
        self._scheme = TagScheme.of(checkpoint.labels, self._settings["scheme"])
        return self._scheme.names

    def encode(self, docs: Sequence[Doc], *, training: bool = False) -> AlignedTexts:
        """Return the subwords of the Docs' texts, none across a border of tokens, and the tokens that have subwords."""
        return self.runner.encode_tokens(docs, training=training)

    def decode(self, outputs: WindowOutputs, texts: AlignedTexts) -> Entities:
        """Return the entities of all texts."""
        alignment = texts.alignment
        window = owning_windows(outputs.batch, alignment.text, alignment.first)
        column = outputs.batch.columns(window, alignment.first)
        log_p = _log_softmax(outputs.token_logits(window, column, len(self.scheme.parts)))
        tags = self.scheme.decode(log_p, alignment.text)
        spans = self.scheme.entities(tags, alignment.text)
        scores = self._scores(spans, log_p[np.arange(len(tags)), tags])
        least = np.maximum(self.calibration.thresholds_of(self.labels, 0.0), self.min_score)
        kept = scores >= least[spans.type]
        start, stop = spans.start[kept], spans.stop[kept]
        return Entities(
            text=alignment.text[start],
            start=alignment.token[start],
            stop=alignment.token[stop - 1] + 1,
            label=[self.labels[kind] for kind in spans.type[kept].tolist()],
            score=scores[kept],
        )

    @contextmanager
    def deciding(self, *, every: bool) -> Iterator[None]:
        """Set the scores of entities in the block, in any case; `every`: also of improbable ones. See `BertPipe`."""
        name = self.score_extension or score_name("score_extension", "score")
        least = 0.0 if every else self.min_score
        with self._decided_by({} if every else None, score_extension=name, min_score=least):
            yield

    def set_annotations(self, docs: Sequence[Doc], predictions: Entities) -> None:
        """Write the entities into `doc.ents`, and into `doc.spans` if there is a spans_key."""
        writer = EntityWriter(
            overwrite_ents=self.overwrite_ents, spans_key=self.spans_key, score_extension=self.score_extension
        )
        writer.write(docs, predictions)

    def is_annotated(self, example: Example) -> bool:
        """Return whether the gold Doc has entity annotation."""
        return example.reference.has_annotation("ENT_IOB")

    def gold_labels(self, example: Example) -> GoldLabels | None:
        """Return how many tokens each type has, and how many have gold."""
        if not self.is_annotated(example):
            return None
        tokens: Counter[str] = Counter()
        for entity in example.reference.ents:
            tokens[entity.label_] += len(entity)
        return GoldLabels(tokens, count_gold_tokens(example.reference))

    def count_labels(self, examples: Iterable[Example]) -> LabelCounts:
        """Count the tokens of each type; warns of Docs without any gold, and of entities that cut tokens."""
        total, misfits = 0, []

        def gold_labels(example: Example) -> GoldLabels | None:
            nonlocal total
            total += len(example.reference.ents)
            misfits.extend(misfit_entities(example))
            return self.gold_labels(example)

        counts = self.count_gold(examples, gold_labels)
        if misfits:
            first = in_context(misfits[0])
            message = Warnings.W307.format(count=len(misfits), total=total, first=first, name=self.name)
            warnings.warn(message, stacklevel=3)
        return counts

    def score(self, examples: Iterable[Example], **settings: Any) -> dict[str, Any]:
        """Score predictions. Warns of gold labels that neither the component knows nor another one predicts."""
        examples = list(examples)
        gold = (entity.label_ for example in examples for entity in example.reference.ents)
        predicted = (entity.label_ for example in examples for entity in example.predicted.ents)
        warn_of_unknown_labels(gold, {*self.labels, *self.cfg["ignored_labels"], *predicted})
        return super().score(examples, **settings)

    def targets(self, examples: Sequence[Example], texts: AlignedTexts, batch: WindowBatch) -> TagTargets:
        """Return the gold tag of every token that has gold and a subword in some window.

        Raises ValueError for a type that the component doesn't know.
        """
        alignment = texts.alignment
        docs = [example.reference for example in examples]
        spans, known = gold_entities(docs, alignment, self.label_number)
        tags = self.scheme.encode(spans, len(alignment), alignment.text)
        window = owning_windows(batch, alignment.text, alignment.first)
        counted = np.flatnonzero(known & (window != NO_WINDOW))
        window = window[counted]
        targets = np.full((len(batch), int(batch.lengths.max())), NO_TAG, dtype=np.int64)
        targets[window, batch.columns(window, alignment.first[counted])] = tags[counted]
        return targets

    def loss(self, logits: Tensor, rows: Ints, targets: TagTargets) -> Loss:
        """Return the loss of the windows' tokens, summed over tokens."""
        assert self.loss_function is not None
        gold = targets[rows, : logits.shape[1]]
        row, column = np.nonzero(gold != NO_TAG)
        scores = logits[to_device(row, logits.device), to_device(column, logits.device)]
        tags = to_device(gold[row, column], logits.device)
        one_hot = torch.nn.functional.one_hot(tags, logits.shape[-1]).to(scores.dtype)
        losses = self.loss_function(scores, one_hot, torch.ones_like(one_hot), self._tag_weights(logits.device))
        return Loss(losses.sum(), len(row))

    def _tag_weights(self, device: torch.device) -> Tensor | None:
        """Return the class weight of every tag, (tags,): that of its type, or of tokens outside of entities."""
        weights = self.weights_of_labels(device)
        return None if weights is None else weights[to_device(np.array(self.scheme.types, dtype=np.int64) + 1, device)]

    def _scores(self, spans: TagSpans, log_p: Floats) -> Floats:
        """Return the score of each entity, (entities,). log_p: (tokens,) that of the tag that each token has."""
        if not len(spans.start):
            return np.zeros(0, dtype=np.float32)
        values = np.append(np.exp(log_p) if self.confidence == "mean" else log_p, 0.0)
        sums = np.add.reduceat(values, np.stack([spans.start, spans.stop], axis=1).ravel())[::2]
        return (sums / (spans.stop - spans.start) if self.confidence == "mean" else np.exp(sums)).astype(np.float32)


def _log_softmax(logits: Floats) -> Floats:
    shifted = logits - logits.max(axis=-1, keepdims=True, initial=-np.inf)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
