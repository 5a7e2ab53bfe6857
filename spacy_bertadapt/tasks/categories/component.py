"""What the components that write `doc.cats` share: targets, loss, pooling of windows, values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from spacy.tokens import Doc
from spacy.training import Example
from spacy.vocab import Vocab
from torch import Tensor

from ...component.base import BertPipe
from ...component.gold import GoldLabels, LabelCounts
from ...component.outputs import WindowOutputs
from ...component.pair_pipe import reads_pairs
from ...component.texts import EncodedTexts
from ...component.thinc_model import NetworkModel, encoder_of
from ...errors import Errors, InvalidError
from ...learning.learner import Loss
from ...learning.losses import SequenceLoss, checked_loss
from ...network.checkpoint import Checkpoint
from ...network.inputs import to_device
from ...subwords.batches import WindowBatch
from ...types import Floats, Ints
from .deciding import decide_each, decide_one
from .kind_settings import KindSettings
from .kinds import EXCLUSIVE, KINDS, NUMBERS, Kind
from .pooling import check_long_text, pool_windows


@dataclass(frozen=True, slots=True)
class CatsTargets:
    """Gold labels of a batch of texts.

    text: (windows,) the text of each window. values: (texts, labels) float32, 1.0 for a label that holds, or a number.
    known: the same shape, 1.0 where there is gold.
    """

    text: Ints
    values: Tensor
    known: Tensor


class Categorizer(BertPipe[EncodedTexts, CatsTargets, Floats]):
    """Sets `doc.cats` to a value for every label: a probability, or a number where it learns a regression.

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
        loss: None: cross-entropy if `exclusive`, else binary cross-entropy; a loss of numbers makes it predict numbers.
        cfg: further settings for the scorer. settings: see `BertPipe`.
        """
        asked = KindSettings(loss, exclusive)
        problem = asked.kind.problem_type
        super().__init__(
            vocab,
            model,
            name,
            cfg={"exclusive": exclusive, "problem_type": problem, "long_text": check_long_text(long_text), **cfg},
            loss=checked_loss(loss, problem_type=problem, reason=f"with exclusive = {exclusive}"),
            window_limit=1 if long_text == "first" else None,
            **settings,
        )
        self._asked = asked

    @property
    def kind(self) -> Kind:
        """What the values in `doc.cats` mean."""
        return KINDS[self._settings["problem_type"]]

    @property
    def predicts_numbers(self) -> bool:
        """Whether the values are numbers, and no probabilities."""
        return self.kind is NUMBERS

    @property
    def exclusive(self) -> bool:
        """Whether exactly one label holds for a text."""
        return bool(self._settings["exclusive"])

    @property
    def long_text(self) -> str:
        """How the logits of a text's windows are pooled: see `LONG_TEXT`."""
        return str(self._settings["long_text"])

    def accept(self, checkpoint: Checkpoint) -> tuple[str, ...]:
        """Return a checkpoint's labels, and become of its kind if it predicts numbers.

        Raises ValueError if it is of another kind than a loss or `exclusive` say, or has one exclusive label.
        """
        encoder = self.shim.settings.encoder.name
        kind = self._asked.kind_of(checkpoint, name=self.name, encoder=encoder, wrong_kind=self.wrong_kind)
        if len(checkpoint.labels) < kind.fewest_labels:
            raise InvalidError(self.single_label.format(name=self.name, label=checkpoint.labels[0]))
        self._take_kind(kind)
        checkpoint.module.config.problem_type = kind.problem_type
        return checkpoint.labels

    def count_labels(self, examples: Iterable[Example]) -> LabelCounts:
        """Count the gold labels of examples, as numbers if the encoder has a head of numbers."""
        self._take_kind(NUMBERS if self._has_head_of_numbers() else self._asked.kind)
        return super().count_labels(examples)

    def encode(self, docs: Sequence[Doc], *, training: bool = False) -> EncodedTexts:
        """Return the subwords of the Docs' texts or pairs."""
        return self.runner.encode_docs(docs, self.parts, training=training)

    def decode(self, outputs: WindowOutputs, texts: EncodedTexts) -> Floats:
        """Return probabilities, or numbers, (texts, labels)."""
        return self.kind.values(self.text_logits(outputs, len(texts))).numpy()

    def set_annotations(self, docs: Sequence[Doc], predictions: Floats) -> None:
        """Write the values into `doc.cats`; other labels in it stay.

        In a Doc that another component of the pipeline reads, a label that both have is that one's.
        """
        labels, others = self.labels, self._others()
        for doc, row in zip(docs, predictions.tolist(), strict=True):
            cats = dict(zip(labels, row, strict=True))
            if others and self.leaves_to_others(doc):
                cats = {label: cats[label] for label in self._own_labels(labels)}
            doc.cats.update(cats)

    def decide(self, doc: Doc) -> tuple[str, ...]:
        """Return the labels of a Doc that has been predicted which reach their thresholds; none: it is undecided.

        Of exclusive labels that is the most probable one, or none; of others all, the most probable first. Without
        thresholds, which `bertadapt calibrate` finds, exclusive labels have 0 and others `threshold`, or 0.5.
        """
        if self.predicts_numbers:
            return ()
        values = {label: doc.cats[label] for label in self.labels if label in doc.cats}
        if self.kind is EXCLUSIVE:
            best = decide_one(values, self.calibration)
            return () if best is None else (best,)
        return tuple(decide_each(values, self.calibration, self._settings.get("threshold")))

    def is_annotated(self, example: Example) -> bool:
        """Return whether labels of the component have gold. Raises ValueError for a label that it doesn't know."""
        return self.kind.is_annotated(self._own_cats(example))

    def gold_labels(self, example: Example) -> GoldLabels | None:
        """Return the labels that hold for a text; None for a text without any.

        Where labels are given, those that are meant for other components are named with 0, to be ignored.
        """
        cats = self._cats_of(example, self._given_labels)
        has_gold = self.kind.is_annotated(cats)
        foreign = example.reference.cats.keys() - cats.keys() if self._given_labels else ()
        if not has_gold and not foreign:
            return None
        counts = {**dict.fromkeys(foreign, 0), **self.kind.holding(cats)}
        return GoldLabels(Counter(counts), units=int(has_gold))

    def leaves_to_others(self, doc: Doc) -> bool:
        """Return whether the gold categories of a Doc are meant for a component of the pipeline that reads pairs."""
        return any(other.reads(doc) for other in self._others())

    def score(self, examples: Iterable[Example], **settings: Any) -> dict[str, Any]:
        """Score predictions of the Docs whose gold categories are meant for the component."""
        scored = [example for example in examples if self._is_scored(example)]
        own = {"calibration": self.calibration} if self.calibration.thresholds else {}
        return super().score(scored, **{**own, **settings})

    def targets(self, examples: Sequence[Example], texts: EncodedTexts, batch: WindowBatch) -> CatsTargets:
        """Return gold values as arrays. Raises ValueError for one that is not possible, or with another one."""
        values = np.zeros((len(examples), len(self.labels)), dtype=np.float32)
        known = np.zeros_like(values)
        for row, example in enumerate(examples):
            for label, value in self._own_cats(example).items():
                self.kind.check_value(label, value, example.reference.text[:60])
                values[row, self.label_number(label)] = value
                known[row, self.label_number(label)] = 1.0
        self._check_conflicts(values, examples)
        device = self.network.device
        return CatsTargets(batch.windows.text, to_device(values, device), to_device(known, device))

    def loss(self, logits: Tensor, rows: Ints, targets: CatsTargets) -> Loss:
        """Return the loss of the windows' texts, summed over texts."""
        assert self.loss_function is not None
        numbers, place = np.unique(targets.text[rows], return_inverse=True)
        texts, position = to_device(numbers, logits.device), to_device(place, logits.device)
        pooled = pool_windows(logits, position, len(numbers), self.long_text)
        weights = self.weights_of_labels(logits.device)
        losses = self.loss_function(pooled, targets.values[texts], targets.known[texts], weights)
        return Loss(losses.sum(), len(numbers))

    def text_logits(self, outputs: WindowOutputs, n_texts: int) -> Tensor:
        """Return one row of logits a text, (texts, labels), pooled over its windows."""
        logits = torch.from_numpy(outputs.sequence_logits(len(self.labels)))
        text = torch.from_numpy(outputs.batch.windows.text)
        return pool_windows(logits, text, n_texts, self.long_text)

    def _is_scored(self, example: Example) -> bool:
        return not self.leaves_to_others(example.reference) or bool(self._cats_of(example, self.labels))

    def _own_cats(self, example: Example) -> dict[str, float]:
        """Return the gold values of the component's labels. Raises ValueError for a label that it doesn't know."""
        cats = self._cats_of(example, self.labels)
        return {label: value for label, value in cats.items() if self.label_number(label) is not None}

    def _take_kind(self, kind: Kind) -> None:
        """Predict values of a kind, and learn them."""
        self._settings["problem_type"] = kind.problem_type
        self._loss = self._asked.loss_of(kind)

    def _has_head_of_numbers(self) -> bool:
        """Return whether the encoder has a head that is taken for one of numbers."""
        config = encoder_of(self.model).pretrained_config(self.model)
        architecture = self.shim.settings.architecture
        return config is not None and architecture.is_trained(config) and self._asked.are_numbers(config)

    def _cats_of(self, example: Example, own_labels: Collection[str]) -> Mapping[str, float]:
        """Return the gold values that are meant for the component.

        Of a Doc that another component of the pipeline reads, those are the `own_labels` that this one has not.
        """
        cats = example.reference.cats
        if not self.leaves_to_others(example.reference):
            return cats
        own = self._own_labels(own_labels)
        return {label: value for label, value in cats.items() if label in own}

    def _own_labels(self, labels: Collection[str]) -> list[str]:
        """Return those labels that no component has that writes `doc.cats` of the other kind of Docs."""
        foreign = {label for other in self._others() for label in getattr(other, "labels", ())}
        return [label for label in labels if label not in foreign]

    def _others(self, *, running: bool = False) -> list[Any]:
        """Return the components of the pipeline that write `doc.cats` of the other kind of Docs: of pairs, or of texts.

        running: without the disabled ones.
        """
        writers = self._pipeline.writers({"doc.cats"}, running=running)
        return [other for other in writers if reads_pairs(other) != reads_pairs(self)]

    def _check_conflicts(self, values: Floats, examples: Sequence[Example]) -> None:
        for row in self.kind.conflicts(values).tolist():
            text, cats = examples[row].reference.text[:60], examples[row].reference.cats
            several = [label for label, value in cats.items() if value > 0]
            known = {"count": len(several), "labels": several, "name": self.name}
            raise InvalidError(self.several_labels.format(text=text, **known))
