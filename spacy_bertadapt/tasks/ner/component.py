"""Named entity recognition: `doc.ents` from one tag a token."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np
import torch
from spacy.attrs import ENT_IOB, ENT_TYPE
from spacy.tokens import Doc
from spacy.training import Example
from spacy.vocab import Vocab
from torch import Tensor

from ...component.base import BertPipe, LabelCounts
from ...component.model import TransformerModel
from ...component.runner import Columns, WindowOutputs
from ...errors import Errors, InvalidError, Warnings
from ...learning.class_weights import resolve_class_weights
from ...learning.losses import CrossEntropy, SequenceLoss
from ...network.checkpoint import Checkpoint
from ...subwords.alignment import Alignment, align, tokens_of
from ...subwords.batches import WindowBatch
from ...subwords.merging import NO_WINDOW, owning_windows
from ...subwords.separation import separate_tokens
from ...types import Bools, Floats, Ints
from .entities import Entities, EntityWriter
from .tag_scheme import OUTSIDE, TagScheme, TagSpans

MISSING, INSIDE, BEGIN = 0, 1, 3
CONFIDENCES = ("mean", "product")
Confidence = Literal["mean", "product"]


@dataclass(frozen=True, slots=True)
class TokenInputs:
    """Encoded texts. subwords: of each. alignment: the tokens that have some."""

    subwords: Columns
    alignment: Alignment


@dataclass(frozen=True, slots=True)
class TagTargets:
    """Gold tags of the aligned tokens of a batch. tags: (tokens,). known: (tokens,) whether there is gold."""

    alignment: Alignment
    tags: Ints
    known: Bools


class BertNer(BertPipe[TokenInputs, TagTargets, Entities]):
    """Sets `doc.ents`, and `ent._.score` to how sure each is.

    A token's tag is read off its first subword, in the window where that stands farthest from an edge. Tokens that
    are white space, or that the tokenizer drops, have no tag: an entity may hold them, but not end with one.
    """

    def __init__(
        self,
        vocab: Vocab,
        model: TransformerModel,
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
        overwrite_ents: whether earlier entities give way to overlapping ones. spans_key: where in `doc.spans` entities
        stand besides. score_extension: the name of `ent._.score`; None: none. loss: cross-entropy if None.
        The others: see `BertPipe`.
        """
        if scheme is not None:
            TagScheme.tags([], scheme)
        if confidence not in CONFIDENCES:
            raise InvalidError(Errors.E308.format(setting="confidence", value=confidence, remedy="use mean or product"))
        cfg: dict[str, Any] = {"scheme": scheme, "min_score": min_score, "ignored_labels": []}
        super().__init__(vocab, model, name, cfg=cfg, **settings)
        self.loss_function = loss or CrossEntropy()
        if not self.loss_function.exclusive:
            remedy = "a token has one tag: use spacy-bertadapt.CrossEntropy.v1"
            raise InvalidError(Errors.E308.format(setting="loss", value=type(loss).__name__, remedy=remedy))
        self.confidence = confidence
        self.writer = EntityWriter(overwrite_ents, spans_key, score_extension)
        self._scheme: TagScheme | None = None
        self._tag_weights: list[float] | None = None

    @property
    def scheme(self) -> TagScheme:
        """What the head's outputs mean. Raises ValueError before there is a network."""
        if self._scheme is None:
            raise InvalidError(Errors.E106.format(name=self.shim.source.name))
        return self._scheme

    @property
    def labels(self) -> tuple[str, ...]:
        """The types of entities."""
        return tuple(self._added_labels) if self._scheme is None else self._scheme.names

    def head_labels(self, labels: Sequence[str], known: Sequence[str]) -> Sequence[str]:
        """Tags for the types, in the letters of the checkpoint's own tags if it has any."""
        if self.cfg["scheme"] is None and OUTSIDE in known:
            scheme = TagScheme.of(known)
            return known if set(labels) <= set(scheme.names) else scheme.same_scheme(labels)
        return TagScheme.tags(labels, self.cfg["scheme"] or "bio")

    def attach(self, checkpoint: Checkpoint) -> None:
        """Take over a network. Raises ValueError if its labels are no tags."""
        self._scheme = TagScheme.of(checkpoint.labels, self.cfg["scheme"])
        super().attach(checkpoint)

    def teaches(self, example: Example) -> bool:
        """Whether any token is known to be in an entity or not."""
        return example.reference.has_annotation("ENT_IOB")

    def training_doc(self, example: Example) -> Doc:
        """The gold Doc: its tokens are those that the entities fit."""
        return example.reference

    def count_labels(self, examples: Iterable[Example]) -> LabelCounts:
        """How many tokens with gold each type has; warns of Docs without any, and of entities that cut tokens."""
        by_type: Counter[str] = Counter()
        fit = Fit()
        total, annotated, tokens = 0, 0, 0
        unannotated = ""
        for example in examples:
            total += 1
            if not self.teaches(example):
                unannotated = unannotated or example.reference.text[:60]
                continue
            annotated += 1
            tokens += int(_have_gold(*example.reference.to_array([ENT_IOB, ENT_TYPE]).reshape(-1, 2).T).sum())
            for entity in example.reference.ents:
                by_type[entity.label_] += len(entity)
            fit.check(example)
        if unannotated:
            settings = {"count": total - annotated, "total": total, "name": self.name, "text": unannotated}
            warnings.warn(Warnings.W303.format(**settings), stacklevel=3)
        fit.report(self.name)
        return LabelCounts(by_type, annotated, tokens)

    def settle(self, counts: LabelCounts) -> None:
        """Work out the weights of tags; types of the data that are not the component's are reported, and count as O."""
        self.cfg["ignored_labels"] = self._report_ignored(counts)
        own = {label: counts.by_label[label] for label in self.labels}
        weights = resolve_class_weights(
            self.loss_function.class_weights,
            (OUTSIDE, *self.labels),
            {OUTSIDE: counts.units - sum(own.values()), **own},
            texts=counts.units,
            exclusive=True,
        )
        self._tag_weights = None if weights is None else [weights[kind + 1] for kind in self.scheme.types]

    def encode(self, docs: Sequence[Doc], *, training: bool = False) -> TokenInputs:
        """The subwords of the Docs' texts, none of them over a border of tokens, and the tokens that have some."""
        texts = [doc.text for doc in docs]
        tokens = tokens_of(docs)
        encode = partial(self.runner.encode_texts, training=training, offsets=True)
        subwords = separate_tokens(texts, encode(texts), tokens, encode)
        return TokenInputs([subwords], align(tokens, subwords))

    def columns(self, inputs: TokenInputs) -> Columns:
        """The subwords."""
        return inputs.subwords

    def targets(self, examples: Sequence[Example], inputs: TokenInputs) -> TagTargets:
        """Gold tags. Raises ValueError for a type that nobody knows."""
        spans, known = self._gold([self.training_doc(example) for example in examples], inputs.alignment)
        tags = self.scheme.encode(spans, len(inputs.alignment), inputs.alignment.text)
        return TagTargets(inputs.alignment, tags, known)

    def loss(self, logits: Tensor, batch: WindowBatch, rows: Ints, targets: TagTargets) -> Tensor:
        """The mean over the batch's tokens that have gold and a subword in some window."""
        alignment = targets.alignment
        window = owning_windows(batch, alignment.text, alignment.first)
        counted = targets.known & (window != NO_WINDOW)
        place = np.full(len(batch) + 1, NO_WINDOW, dtype=np.int64)
        place[rows] = np.arange(len(rows))
        here = np.flatnonzero(counted & (place[window] != NO_WINDOW))
        column = batch.columns(window[here], alignment.first[here])
        scores = logits[_on(logits, place[window[here]]), _on(logits, column)]
        tags = torch.nn.functional.one_hot(_on(logits, targets.tags[here]), logits.shape[-1]).to(scores.dtype)
        weights = None if self._tag_weights is None else scores.new_tensor(self._tag_weights)
        return self.loss_function(scores, tags, torch.ones_like(tags), weights).sum() / max(1, int(counted.sum()))

    def decode(self, outputs: WindowOutputs, inputs: TokenInputs) -> Entities:
        """The entities of all texts."""
        alignment = inputs.alignment
        window = owning_windows(outputs.batch, alignment.text, alignment.first)
        column = outputs.batch.columns(window, alignment.first)
        log_p = _log_softmax(outputs.token_logits(window, column, len(self.scheme.parts)))
        tags = self.scheme.decode(log_p, alignment.text)
        spans = self.scheme.entities(tags, alignment.text)
        scores = self._scores(spans, log_p[np.arange(len(tags)), tags])
        kept = scores >= self.cfg["min_score"]
        start, stop = spans.start[kept], spans.stop[kept]
        return Entities(
            text=alignment.text[start],
            start=alignment.token[start],
            stop=alignment.token[stop - 1] + 1,
            label=[self.labels[kind] for kind in spans.type[kept].tolist()],
            score=scores[kept],
        )

    def set_annotations(self, docs: Sequence[Doc], predictions: Entities) -> None:
        """Write the entities into `doc.ents`, and into `doc.spans` if that is asked for."""
        self.writer.write(docs, predictions)

    def _gold(self, docs: Sequence[Doc], alignment: Alignment) -> tuple[TagSpans, Bools]:
        """The gold entities, as runs of aligned tokens, and (tokens,) whether there is gold for a token."""
        arrays = [doc.to_array([ENT_IOB, ENT_TYPE]).reshape(-1, 2) for doc in docs]
        sizes = np.array([len(array) for array in arrays], dtype=np.int64)
        rows = np.concatenate([*arrays, np.zeros((0, 2), dtype=np.uint64)])
        at = (np.cumsum(sizes) - sizes)[alignment.text] + alignment.token
        iob, types = rows[:, 0].astype(np.int64), rows[:, 1]
        entity = np.where(np.isin(iob, (INSIDE, BEGIN)) & (types != 0), np.cumsum(iob == BEGIN), 0)[at]
        before, after = np.append(0, entity[:-1]), np.append(entity[1:], 0)
        start = np.flatnonzero((entity > 0) & (entity != before))
        stop = np.flatnonzero((entity > 0) & (entity != after)) + 1
        hashes, kind = np.unique(types[at][start], return_inverse=True)
        numbers = np.array([self._type_number(self.vocab.strings[int(each)]) for each in hashes], dtype=np.int64)
        spans_type = numbers[kind] if len(start) else np.zeros(0, dtype=np.int64)
        own = spans_type >= 0
        return TagSpans(start[own], stop[own], spans_type[own]), _have_gold(iob, types)[at]

    def _type_number(self, label: str) -> int:
        if label in self.labels:
            return self.labels.index(label)
        if label in self.cfg["ignored_labels"]:
            return -1
        remedy = "Take it out of the data, or train anew with nlp.initialize()."
        raise InvalidError(Errors.E303.format(name=self.name, label=label, labels=self.labels, remedy=remedy))

    def _scores(self, spans: TagSpans, log_p: Floats) -> Floats:
        """(entities,) how sure each is. log_p: (tokens,) of the tag that each token has."""
        if not len(spans.start):
            return np.zeros(0, dtype=np.float32)
        values = np.append(np.exp(log_p) if self.confidence == "mean" else log_p, 0.0)
        sums = np.add.reduceat(values, np.stack([spans.start, spans.stop], axis=1).ravel())[::2]
        return (sums / (spans.stop - spans.start) if self.confidence == "mean" else np.exp(sums)).astype(np.float32)

    def _state(self) -> dict[str, Any]:
        return {"tag_weights": self._tag_weights, "ignored_labels": self.cfg["ignored_labels"]}

    def _restore(self, state: dict[str, Any]) -> None:
        weights = state.get("tag_weights")
        if weights is not None and len(weights) != len(self.scheme.parts):
            reason = f"has {len(weights)} weights for {len(self.scheme.parts)} tags"
            raise InvalidError(Errors.E105.format(path="cfg", reason=reason))
        self._tag_weights = weights
        self.cfg["ignored_labels"] = state.get("ignored_labels", [])


class Fit:
    """Gold entities that begin or end inside a token of the pipeline's own tokenizer: it can't predict those whole."""

    def __init__(self) -> None:
        self.entities = 0
        self.misfits = 0
        self.first = ""

    def check(self, example: Example) -> None:
        """Count the entities of an example."""
        entities = example.reference.ents
        self.entities += len(entities)
        if not entities or example.predicted.text != example.reference.text:
            return
        starts = {token.idx for token in example.predicted}
        ends = {token.idx + len(token) for token in example.predicted}
        for entity in entities:
            if entity.start_char not in starts or entity.end_char not in ends:
                text = example.reference.text
                around = text[max(0, entity.start_char - 20) : entity.end_char + 20]
                self.misfits += 1
                self.first = self.first or f"{entity.label_} {entity.text!r} in {around!r}"

    def report(self, name: str) -> None:
        """Warn if there were any."""
        if self.misfits:
            settings = {"count": self.misfits, "total": self.entities, "first": self.first, "name": name}
            warnings.warn(Warnings.W307.format(**settings), stacklevel=4)


def _have_gold(iob: Ints, types: Ints) -> Bools:
    """(tokens,) whether it is known if a token is in an entity: neither missing nor blocked."""
    return (iob != MISSING) & ~((iob == BEGIN) & (types == 0))


def _log_softmax(logits: Floats) -> Floats:
    shifted = logits - logits.max(axis=-1, keepdims=True, initial=-np.inf)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def _on(logits: Tensor, numbers: Ints) -> Tensor:
    return torch.from_numpy(numbers).to(logits.device)
