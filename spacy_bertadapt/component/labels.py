"""The labels of a component: their numbers, their weights in the loss, and what is said of the data's."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from ..errors import Errors, InvalidError, Warnings
from ..learning.class_weights import are_class_weights, resolve_class_weights
from ..learning.losses import SequenceLoss
from ..types import SINGLE_LABEL
from .checks import strings
from .gold import LabelCounts
from .saving import STATE


class LabelledComponent:
    """A component whose outputs stand for labels, which are fixed once it is initialized.

    has_labels: whether the data names the head's outputs. outside_label: the name of units without a label, for class
    weights; None: there are no such units.
    """

    has_labels: ClassVar[bool] = True
    outside_label: ClassVar[str | None] = None

    name: str
    _loss: SequenceLoss | None
    _settings: dict[str, Any]
    _class_weights: list[float] | None = None
    _given_labels: Sequence[str] = ()

    def take_labels(self, labels: Iterable[str]) -> None:
        """Take other labels, in the order of the head's outputs."""
        self._numbers = {label: number for number, label in enumerate(labels)}

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels, in the order of the head's outputs."""
        return tuple(self._numbers)

    @property
    def label_data(self) -> list[str] | None:
        """The labels, as `spacy init labels` writes them and `initialize` takes them; None for a task without any."""
        return list(self.labels) if self.has_labels else None

    @property
    def loss_function(self) -> SequenceLoss | None:
        """The loss that it learns from; None: the task has none to choose."""
        return self._loss

    def label_number(self, label: str) -> int | None:
        """Return the number of a gold label; None for one that the component ignores.

        Raises ValueError for a label that it doesn't know.
        """
        number = self._numbers.get(label)
        if number is not None or label in self._settings["ignored_labels"]:
            return number
        remedy = "Take it out of the data, or train anew with nlp.initialize()."
        raise InvalidError(Errors.E303.format(name=self.name, label=label, labels=self.labels, remedy=remedy))

    def compare_labels(self, counts: LabelCounts) -> None:
        """Weigh the labels by those of the training data; warn of those that only one of the two has."""
        self._report_unseen(counts)
        self._report_ignored(counts)
        self._weigh(counts)

    def label_state(self) -> dict[str, Any]:
        """Return the class weights and the ignored labels, as JSON can hold them."""
        return {"class_weights": self._class_weights, "ignored_labels": self._settings["ignored_labels"]}

    def restore_labels(self, state: Mapping[str, Any]) -> None:
        """Take over what `label_state` returned. Raises ValueError if it doesn't fit the labels."""
        weights, ignored = state.get("class_weights"), state.get("ignored_labels", [])
        if weights is not None and not are_class_weights(weights, len(self._weighted_labels)):
            reason = f"has class_weights = {weights!r:.80} for {len(self._weighted_labels)} labels"
            raise InvalidError(Errors.E105.format(path=STATE, reason=reason))
        self._class_weights = weights
        self._settings["ignored_labels"] = list(strings("ignored_labels", ignored))

    @property
    def _weighted_labels(self) -> tuple[str, ...]:
        return self.labels if self.outside_label is None else (self.outside_label, *self.labels)

    def _weigh(self, counts: LabelCounts) -> None:
        if self.loss_function is None:
            return
        own = {label: counts.by_label[label] for label in self.labels}
        outside = {} if self.outside_label is None else {self.outside_label: counts.units - sum(own.values())}
        self._class_weights = resolve_class_weights(
            self.loss_function.class_weights,
            self._weighted_labels,
            outside | own,
            texts=counts.units,
            exclusive=self.loss_function.problem_type == SINGLE_LABEL,
        )

    def _report_ignored(self, counts: LabelCounts) -> None:
        """Ignore labels of the data that the component was not given. Warns of those that hold for some text."""
        ignored = sorted(label for label in counts.by_label if label not in self.labels) if self.has_labels else []
        self._settings["ignored_labels"] = ignored
        lost = [label for label in ignored if counts.by_label[label]]
        if lost:
            message = Warnings.W306.format(name=self.name, labels=lost, known=self.labels)
            warnings.warn(message, stacklevel=4)

    def _report_unseen(self, counts: LabelCounts) -> None:
        unseen = [label for label in self.labels if counts.examples and not counts.by_label[label]]
        if unseen:
            message = Warnings.W304.format(name=self.name, labels=unseen, total=counts.examples)
            warnings.warn(message, stacklevel=4)
