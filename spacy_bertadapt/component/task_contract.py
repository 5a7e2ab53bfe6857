"""What a task says of itself: how Docs become subwords, logits annotations, and gold annotation a loss."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar, Generic, TypeVar

from spacy.tokens import Doc
from spacy.training import Example
from torch import Tensor

from ..learning.learner import Loss
from ..network.checkpoint import Checkpoint
from ..pairs import PartNames
from ..subwords.batches import WindowBatch
from ..types import Ints
from .gold import GoldLabels
from .outputs import WindowOutputs
from .texts import EncodedTexts

Texts = TypeVar("Texts", bound=EncodedTexts)
Targets = TypeVar("Targets")
Predictions = TypeVar("Predictions")


class TaskContract(ABC, Generic[Texts, Targets, Predictions]):
    """The methods by which the component of one task differs from those of others.

    `encode` (Docs to subwords), `decode` and `set_annotations` (logits to annotations), `is_annotated` and
    `gold_labels` (the gold annotation of an example), `targets` and `loss` (what is learned from it). `head_labels`
    and `accept` have defaults. The `Runner` computes logits from subwords.

    parts: span groups of the task's pair Docs; None: the whole text is read. windowed_segment: which text of a pair is
    cut into windows. gold_place: where in a gold Doc annotation stands, for messages; may name settings in braces.
    """

    parts: ClassVar[PartNames | None] = None
    windowed_segment: ClassVar[int] = 0
    gold_place: ClassVar[str]

    @abstractmethod
    def encode(self, docs: Sequence[Doc], *, training: bool = False) -> Texts:
        """Return the subwords of Docs, with what `decode` and `targets` need besides.

        training: whether to cache the subwords for the next epoch.
        """

    @abstractmethod
    def decode(self, outputs: WindowOutputs, texts: Texts) -> Predictions:
        """Return the predictions for each text, from the logits of all windows."""

    @abstractmethod
    def is_annotated(self, example: Example) -> bool:
        """Return whether an example has gold annotation that can be learned from; examples without any are skipped.

        Raises ValueError for a label that the component doesn't know.
        """

    @abstractmethod
    def gold_labels(self, example: Example) -> GoldLabels | None:
        """Return the labels that are gold in an example, whether the component knows them or not; None for no gold."""

    @abstractmethod
    def targets(self, examples: Sequence[Example], texts: Texts, batch: WindowBatch) -> Targets:
        """Return what is to be learned from a batch of examples, window by window.

        texts: their encoded reference Docs. batch: the windows of these.
        Raises ValueError for a label that the component doesn't know.
        """

    @abstractmethod
    def loss(self, logits: Tensor, rows: Ints, targets: Targets) -> Loss:
        """Return the loss of some windows, as a sum and the number of examples or tokens that it sums over.

        logits: those of all windows of some texts. rows: (windows,) the numbers of these windows in the batch.
        """

    def head_labels(self, labels: Sequence[str], known: Sequence[str]) -> Sequence[str]:
        """Return the names of the head's outputs. labels: those wanted. known: the names in the checkpoint."""
        return labels

    def accept(self, checkpoint: Checkpoint) -> tuple[str, ...]:
        """Return the labels that a checkpoint's outputs stand for. Raises ValueError if it doesn't fit the settings."""
        return checkpoint.labels
