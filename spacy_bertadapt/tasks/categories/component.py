"""What the components that write `doc.cats` share: targets, loss, pooling of windows, probabilities."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from spacy.tokens import Doc
from spacy.training import Example
from spacy.vocab import Vocab
from torch import Tensor

from ...component.base import BertPipe
from ...component.gold import GoldLabels
from ...component.outputs import WindowOutputs
from ...component.texts import EncodedTexts
from ...component.thinc_model import NetworkModel
from ...errors import Errors, InvalidError
from ...learning.learner import Loss
from ...learning.losses import SequenceLoss, checked_loss
from ...network.checkpoint import Checkpoint
from ...network.inputs import to_device
from ...subwords.batches import WindowBatch
from ...types import Floats, Ints
from .pooling import check_long_text, pool_windows

PROBLEM_TYPES = {True: "single_label_classification", False: "multi_label_classification"}
REGRESSION = "regression"


@dataclass(frozen=True, slots=True)
class CatsTargets:
    """Gold labels of a batch of texts.

    text: (windows,) the text of each window. values: (texts, labels) float32, 1.0 for a label that holds.
    known: the same shape, 1.0 where there is gold.
    """

    text: Ints
    values: Tensor
    known: Tensor


class Categorizer(BertPipe[EncodedTexts, CatsTargets, Floats]):
    """Sets `doc.cats` to a probability for every label: of exclusive labels they sum to one.

    wrong_kind, single_label, several_labels: messages of errors that a component without the setting `exclusive` words
    in its own way.
    """

    gold_place = "doc.cats"
    wrong_kind: ClassVar[str] = Errors.E112
    single_label: ClassVar[str] = Errors.E302
    several_labels: ClassVar[str] = Errors.E305

    def __init__(
        self,
        vocab: Vocab,
        model: NetworkModel,
        name: str,
        *,
        exclusive: bool,
        long_text: str,
        loss: SequenceLoss | None,
        cfg: dict[str, Any],
        **settings: Any,
    ):
        """Take the settings.

        exclusive: whether exactly one label holds for a text. long_text: how the logits of windows are pooled.
        loss: None: cross-entropy if `exclusive`, else binary cross-entropy. cfg: further settings for the scorer.
        settings: see `BertPipe`.
        """
        super().__init__(
            vocab,
            model,
            name,
            cfg={"exclusive": exclusive, "long_text": check_long_text(long_text), **cfg},
            loss=checked_loss(loss, exclusive=exclusive, reason=f"with exclusive = {exclusive}"),
            window_limit=1 if long_text == "first" else None,
            **settings,
        )

    @property
    def exclusive(self) -> bool:
        """Whether exactly one label holds for a text."""
        return bool(self._settings["exclusive"])

    @property
    def long_text(self) -> str:
        """How the logits of a text's windows are pooled: see `LONG_TEXT`."""
        return str(self._settings["long_text"])

    def accept(self, checkpoint: Checkpoint) -> tuple[str, ...]:
        """Return a checkpoint's labels.

        Raises ValueError if it predicts numbers, is of the other kind, or has one exclusive label.
        """
        exclusive, config = self.exclusive, checkpoint.module.config
        if config.problem_type == REGRESSION:
            raise InvalidError(Errors.E317.format(encoder=self.shim.settings.encoder.name, name=self.name))
        if config.problem_type not in (None, PROBLEM_TYPES[exclusive]):
            values = {"encoder": self.shim.settings.encoder.name, "problem": config.problem_type, "name": self.name}
            raise InvalidError(self.wrong_kind.format(exclusive=exclusive, opposite=not exclusive, **values))
        if exclusive and len(checkpoint.labels) < 2:
            raise InvalidError(self.single_label.format(name=self.name, label=checkpoint.labels[0]))
        config.problem_type = PROBLEM_TYPES[exclusive]
        return checkpoint.labels

    def encode(self, docs: Sequence[Doc], *, training: bool = False) -> EncodedTexts:
        """Return the subwords of the Docs' texts or pairs."""
        return self.runner.encode_docs(docs, self.parts, training=training)

    def decode(self, outputs: WindowOutputs, texts: EncodedTexts) -> Floats:
        """Return probabilities, (texts, labels)."""
        logits = self.text_logits(outputs, len(texts))
        return (logits.softmax(-1) if self.exclusive else logits.sigmoid()).numpy()

    def set_annotations(self, docs: Sequence[Doc], predictions: Floats) -> None:
        """Write the probabilities into `doc.cats`; other labels in it stay."""
        labels = self.labels
        for doc, row in zip(docs, predictions.tolist(), strict=True):
            doc.cats.update(zip(labels, row, strict=True))

    def is_annotated(self, example: Example) -> bool:
        """Return whether labels of the component have gold. Raises ValueError for a label that it doesn't know."""
        own = self._own_cats(example)
        return any(own.values()) if self.exclusive else bool(own)

    def gold_labels(self, example: Example) -> GoldLabels | None:
        """Return the labels that hold for a text; None for a text without any."""
        cats = example.reference.cats
        if not (any(cats.values()) if self.exclusive else cats):
            return None
        return GoldLabels(Counter({label: int(value > 0.5) for label, value in cats.items()}), units=1)

    def targets(self, examples: Sequence[Example], texts: EncodedTexts, batch: WindowBatch) -> CatsTargets:
        """Return gold labels as arrays. Raises ValueError for several that exclude each other."""
        values = np.zeros((len(examples), len(self.labels)), dtype=np.float32)
        known = np.zeros_like(values)
        for row, example in enumerate(examples):
            for label, value in self._own_cats(example).items():
                if not 0 <= value <= 1:
                    text = example.reference.text[:60]
                    raise InvalidError(Errors.E311.format(label=label, value=value, text=text))
                values[row, self.label_number(label)] = value
                known[row, self.label_number(label)] = 1.0
        if self.exclusive:
            self._check_exclusive(values, examples)
        device = self.network.device
        return CatsTargets(batch.windows.text, to_device(values, device), to_device(known, device))

    def loss(self, logits: Tensor, rows: Ints, targets: CatsTargets) -> Loss:
        """Return the loss of the windows' texts, summed over texts."""
        assert self.loss_function is not None
        numbers, place = np.unique(targets.text[rows], return_inverse=True)
        texts, position = to_device(numbers, logits.device), to_device(place, logits.device)
        pooled = pool_windows(logits, position, len(numbers), self.long_text)
        weights = None if self._class_weights is None else logits.new_tensor(self._class_weights)
        losses = self.loss_function(pooled, targets.values[texts], targets.known[texts], weights)
        return Loss(losses.sum(), len(numbers))

    def text_logits(self, outputs: WindowOutputs, n_texts: int) -> Tensor:
        """Return one row of logits a text, (texts, labels), pooled over its windows."""
        logits = torch.from_numpy(outputs.sequence_logits(len(self.labels)))
        text = torch.from_numpy(outputs.batch.windows.text)
        return pool_windows(logits, text, n_texts, self.long_text)

    def _own_cats(self, example: Example) -> dict[str, float]:
        """Return the gold values of the component's labels. Raises ValueError for a label that it doesn't know."""
        cats = example.reference.cats
        return {label: value for label, value in cats.items() if self.label_number(label) is not None}

    def _check_exclusive(self, values: Floats, examples: Sequence[Example]) -> None:
        for row in np.flatnonzero(values.sum(axis=1) > 1.001).tolist():
            text, cats = examples[row].reference.text[:60], examples[row].reference.cats
            several = [label for label, value in cats.items() if value > 0]
            known = {"count": len(several), "labels": several, "name": self.name}
            raise InvalidError(self.several_labels.format(text=text, **known))
