"""What components that write `doc.cats` share: targets, loss, windows pooled, probabilities."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from spacy.tokens import Doc
from spacy.training import Example
from spacy.vocab import Vocab
from torch import Tensor

from ...component.base import BertPipe, LabelCounts
from ...component.model import TransformerModel
from ...component.runner import Columns, WindowOutputs
from ...errors import Errors, InvalidError, Warnings
from ...learning.class_weights import resolve_class_weights
from ...learning.losses import BinaryCrossEntropy, CrossEntropy, SequenceLoss
from ...network.checkpoint import Checkpoint
from ...subwords.batches import WindowBatch
from ...types import Floats, Ints, Segments
from .pooling import check_long_text, pool_windows

PROBLEM_TYPES = {True: "single_label_classification", False: "multi_label_classification"}


@dataclass(frozen=True, slots=True)
class CatsTargets:
    """Gold labels of a batch of texts.

    values: (texts, labels) float32, 1.0 for a label that holds. known: the same shape, 1.0 where there is gold.
    """

    values: Tensor
    known: Tensor


class Categorizer(BertPipe[Columns, CatsTargets, Floats]):
    """Sets `doc.cats` to a probability for every label: of exclusive labels they sum to one."""

    def __init__(
        self,
        vocab: Vocab,
        model: TransformerModel,
        name: str,
        *,
        exclusive: bool,
        long_text: str,
        loss: SequenceLoss | None,
        cfg: dict[str, Any],
        **settings: Any,
    ):
        """Take the settings.

        exclusive: exactly one label holds for a text. long_text: how the logits of windows are pooled.
        loss: cross-entropy, or binary cross-entropy without `exclusive`, if None. cfg: what else the scorer needs.
        settings: see `BertPipe`.
        """
        cfg = {"exclusive": exclusive, "long_text": check_long_text(long_text), "ignored_labels": [], **cfg}
        super().__init__(vocab, model, name, cfg=cfg, **settings)
        default: SequenceLoss = CrossEntropy() if exclusive else BinaryCrossEntropy()
        self.loss_function = loss or default
        if self.loss_function.exclusive != exclusive:
            remedy = f"with exclusive = {exclusive} use spacy-bertadapt.{type(default).__name__}.v1"
            raise InvalidError(Errors.E308.format(setting="loss", value=type(loss).__name__, remedy=remedy))
        self._class_weights: list[float] | None = None

    @property
    def window_limit(self) -> int | None:
        """One window, where only the first counts."""
        return 1 if self.cfg["long_text"] == "first" else None

    def count_labels(self, examples: Iterable[Example]) -> LabelCounts:
        """How many texts each label holds for; warns of texts without annotation."""
        counts: Counter[str] = Counter()
        total, unannotated, first = 0, 0, ""
        for example in examples:
            cats = example.reference.cats
            counts.update({label: int(value > 0.5) for label, value in cats.items()})
            total += 1
            if not (any(cats.values()) if self.cfg["exclusive"] else cats):
                unannotated, first = unannotated + 1, first or example.reference.text[:60]
        if unannotated:
            message = Warnings.W303.format(count=unannotated, total=total, name=self.name, text=first)
            warnings.warn(message, stacklevel=3)
        return LabelCounts(counts, total - unannotated, total - unannotated)

    def settle(self, counts: LabelCounts) -> None:
        """Work out the class weights; labels of the data that are not the component's are reported and left alone."""
        self.cfg["ignored_labels"] = self._report_ignored(counts)
        self._class_weights = resolve_class_weights(
            self.loss_function.class_weights,
            self.labels,
            counts.by_label,
            texts=counts.examples,
            exclusive=self.cfg["exclusive"],
        )

    def attach(self, checkpoint: Checkpoint) -> None:
        """Take over a network. Raises ValueError if it is of the other kind, or has nothing to tell apart."""
        exclusive = self.cfg["exclusive"]
        config = checkpoint.module.config
        if config.problem_type not in (None, PROBLEM_TYPES[exclusive]):
            settings = {"encoder": self.shim.source.name, "problem": config.problem_type}
            raise InvalidError(Errors.E112.format(exclusive=exclusive, opposite=not exclusive, **settings))
        if exclusive and len(checkpoint.labels) < 2:
            raise InvalidError(Errors.E302.format(name=self.name, label=checkpoint.labels[0]))
        config.problem_type = PROBLEM_TYPES[exclusive]
        super().attach(checkpoint)

    def teaches(self, example: Example) -> bool:
        """Whether the labels of the component have gold. Raises ValueError for a label that nobody knows."""
        own = self._own_cats(example)
        return any(own.values()) if self.cfg["exclusive"] else bool(own)

    def encode(self, docs: Sequence[Doc], *, training: bool = False) -> Columns:
        """The subwords of the Docs' texts or pairs."""
        return self.runner.encode([self.segments(doc) for doc in docs], training=training)

    def columns(self, inputs: Columns) -> Columns:
        """The same."""
        return inputs

    def targets(self, examples: Sequence[Example], inputs: Columns) -> CatsTargets:
        """Gold labels as arrays. Raises ValueError for several that exclude each other."""
        index = {label: number for number, label in enumerate(self.labels)}
        values = torch.zeros(len(examples), len(index))
        known = torch.zeros_like(values)
        for row, example in enumerate(examples):
            for label, value in self._own_cats(example).items():
                if not 0 <= value <= 1:
                    raise InvalidError(Errors.E311.format(label=label, value=value, text=example.reference.text[:60]))
                values[row, index[label]] = value
                known[row, index[label]] = 1.0
        if self.cfg["exclusive"]:
            self._check_exclusive(values, examples)
        return CatsTargets(values.to(self.shim.device), known.to(self.shim.device))

    def loss(self, logits: Tensor, batch: WindowBatch, rows: Ints, targets: CatsTargets) -> Tensor:
        """The mean over the batch's texts, of which these windows' texts are a part."""
        text = batch.windows.text[rows]
        texts, position = (torch.from_numpy(a).to(logits.device) for a in np.unique(text, return_inverse=True))
        pooled = pool_windows(logits, position, len(texts), self.cfg["long_text"])
        weights = None if self._class_weights is None else logits.new_tensor(self._class_weights)
        losses = self.loss_function(pooled, targets.values[texts], targets.known[texts], weights)
        return losses.sum() / len(targets.values)

    def text_logits(self, outputs: WindowOutputs, n_texts: int) -> Tensor:
        """One row of logits a text, (texts, labels), pooled over its windows."""
        logits = torch.from_numpy(outputs.sequence_logits(len(self.labels)))
        text = torch.from_numpy(outputs.batch.windows.text)
        return pool_windows(logits, text, n_texts, self.cfg["long_text"])

    def predict_segments(self, texts: Sequence[Segments]) -> Floats:
        """Probabilities, (texts, labels), of texts or pairs that are no Docs."""
        return self.predict_inputs(self.runner.encode(texts))

    def decode(self, outputs: WindowOutputs, inputs: Columns) -> Floats:
        """Probabilities, (texts, labels)."""
        logits = self.text_logits(outputs, len(inputs[0]))
        return (logits.softmax(-1) if self.cfg["exclusive"] else logits.sigmoid()).numpy()

    def set_annotations(self, docs: Sequence[Doc], predictions: Floats) -> None:
        """Write the probabilities into `doc.cats`; other labels in it stay."""
        labels = self.labels
        for doc, row in zip(docs, predictions.tolist(), strict=True):
            doc.cats.update(zip(labels, row, strict=True))

    def _state(self) -> dict[str, Any]:
        return {"class_weights": self._class_weights, "ignored_labels": self.cfg["ignored_labels"]}

    def _restore(self, state: dict[str, Any]) -> None:
        weights = state.get("class_weights")
        if weights is not None and len(weights) != len(self.labels):
            reason = f"has {len(weights)} class weights for {len(self.labels)} labels"
            raise InvalidError(Errors.E105.format(path="cfg", reason=reason))
        self._class_weights = weights
        self.cfg["ignored_labels"] = state.get("ignored_labels", [])

    def _own_cats(self, example: Example) -> dict[str, float]:
        cats, labels = example.reference.cats, self.labels
        own = {label: value for label, value in cats.items() if label in labels}
        for label in cats.keys() - own.keys() - set(self.cfg["ignored_labels"]):
            remedy = "Take it out of the data, or train anew with nlp.initialize()."
            raise InvalidError(Errors.E303.format(name=self.name, label=label, labels=labels, remedy=remedy))
        return own

    def _check_exclusive(self, values: Tensor, examples: Sequence[Example]) -> None:
        for row in torch.nonzero(values.sum(1) > 1.001).flatten().tolist():
            text, cats = examples[row].reference.text[:60], examples[row].reference.cats
            several = [label for label, value in cats.items() if value > 0]
            raise InvalidError(Errors.E305.format(count=len(several), labels=several, name=self.name, text=text))
