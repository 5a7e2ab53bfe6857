"""What the components of all tasks share: settings, labels, learning, files."""

from abc import abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np
import torch
from spacy.language import Language
from spacy.pipeline import TrainablePipe
from spacy.tokens import Doc
from spacy.training import Example, validate_examples
from spacy.vocab import Vocab
from thinc.api import Optimizer
from torch import Tensor

from ..errors import Errors, InvalidError
from ..learning.adaptation import Adaptation
from ..learning.learner import Loss
from ..learning.losses import SequenceLoss
from ..learning.running_loss import RunningLoss
from ..network.checkpoint import Checkpoint
from ..network.inputs import to_device
from ..network.network import Network
from ..pairs import PartNames
from ..subwords.batches import WindowBatch
from ..types import Ints
from .encoder_choice import make_runner, read_network
from .failures import annotate_stream
from .gold import GoldLabels, LabelCounts, count_gold
from .labels import LabelledComponent
from .outputs import WindowOutputs
from .saved_layers import saved_layers
from .saved_network import SavedNetwork
from .saving import SavedPart, check_component_name
from .settings import ConfiguredComponent
from .texts import EncodedTexts
from .thinc_model import NetworkModel, network_model, shim_of
from .thinc_shim import NetworkShim
from .window_settings import WindowSettings

Texts = TypeVar("Texts", bound=EncodedTexts)
Targets = TypeVar("Targets")
Predictions = TypeVar("Predictions")


class BertPipe(ConfiguredComponent, LabelledComponent, TrainablePipe, Generic[Texts, Targets, Predictions]):
    """A trainable component around a network.

    A task implements these methods: `encode` (Docs to subwords), `decode` and `set_annotations` (logits to
    annotations), `is_annotated` and `gold_labels` (the gold annotation of an example), `targets` and `loss` (what is
    learned from it). `head_labels` and `accept` have defaults. The `Runner` computes logits from subwords.

    parts: span groups of the task's pair Docs; None: the whole text is read. windowed_segment: which text of a pair is
    cut into windows. gold_place: where in a gold Doc annotation stands, for messages; may name settings in braces.
    """

    parts: ClassVar[PartNames | None] = None
    windowed_segment: ClassVar[int] = 0
    gold_place: ClassVar[str]

    def __init__(
        self,
        vocab: Vocab,
        model: NetworkModel,
        name: str,
        *,
        scorer: Callable[..., dict[str, Any]] | None = None,
        cfg: dict[str, Any],
        pipeline: Language | None = None,
        windows: WindowSettings | None = None,
        window_limit: int | None = None,
        adapt: Adaptation | None = None,
        loss: SequenceLoss | None = None,
    ):
        """Take the settings. Weights are read in `initialize` or `from_disk`.

        model: as an architecture makes it. scorer: scores Examples, as `nlp.evaluate` calls it. cfg: the task's
        settings, which the scorer gets too; those that are a `LiveSetting` of the class can be changed at any time.
        pipeline: that which the component is made for. window_limit: how many windows of a text the task looks at;
        None: all. adapt: which parameters learn, and how fast; None: all of them. loss: the loss function with its
        class weights; None: the task has none to choose.
        """
        check_component_name(name)
        self.vocab = vocab
        self.model = network_model(shim_of(model).settings, adapt)
        self.name = name
        self.scorer = scorer
        self._loss = loss
        self.runner = make_runner(
            self.model,
            windows or WindowSettings(),
            read_texts=self._read_texts,
            windowed_segment=self.windowed_segment,
            window_limit=window_limit,
        )
        self.take_labels(())
        self.take_settings({**cfg, "ignored_labels": []}, pipeline)

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

    def weights_of_labels(self, device: torch.device) -> Tensor | None:
        """Return the class weight of every label, on a device; first that of units without one, where there are such.

        None: the loss has no class weights.
        """
        weights = self._class_weights
        return None if weights is None else to_device(np.array(weights, dtype=np.float32), device)

    @property
    def shim(self) -> NetworkShim:
        """The adapter that holds the network for Thinc."""
        return shim_of(self.model)

    @property
    def network(self) -> Network:
        """The network. Raises ValueError before there is one."""
        return self.shim.network

    @property
    def n_segments(self) -> int:
        """How many texts a Doc has for the network: 2 for pairs."""
        return 1 if self.parts is None else 2

    def add_label(self, label: str) -> int:
        """Add a label before `initialize`. Returns 1, or 0 if it is there. Raises ValueError once labels are fixed."""
        if label in self.labels:
            return 0
        if self.shim.is_initialized:
            raise InvalidError(Errors.E304.format(name=self.name, label=label))
        self.take_labels((*self.labels, label))
        return 1

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Example]],
        *,
        nlp: Language | None = None,
        labels: Sequence[str] | None = None,
    ) -> None:
        """Read the encoder, and fix the labels: those given, or the data's (sorted), or the checkpoint's.

        get_examples: the training data; may give nothing for a checkpoint that is already fine-tuned.
        Raises ValueError or FileNotFoundError if there is no such encoder, or there are no labels.
        """
        if nlp is not None:
            self.join(nlp)
        self._given_labels = labels or (() if self.shim.is_initialized else self.labels)
        counts = self.count_labels(get_examples())
        wanted = list(dict.fromkeys(self._given_labels)) or sorted(counts.by_label) or None
        needs_head = wanted is not None or not self.has_labels
        head = (lambda known: self.head_labels(wanted or [], known)) if needs_head else None
        self.runner.link(self._pipeline, self)
        docs = (example.predicted for example in get_examples())
        checkpoint, has_trained_head = read_network(self.model, head, docs, segments=self.n_segments)
        if not needs_head and not has_trained_head:
            place, encoder = self.gold_place.format(**self.cfg), self.shim.settings.encoder.name
            raise InvalidError(Errors.E301.format(name=self.name, place=place, encoder=encoder))
        self.attach(checkpoint)
        self.shim.learner.forget()
        self.compare_labels(counts)
        self.take_as_initialized()

    def join(self, nlp: Language) -> None:
        """Belong to a pipeline: to that where the component is initialized, which may not be where it was made."""
        self.vocab = nlp.vocab
        self.take_pipeline(nlp)

    def count_labels(self, examples: Iterable[Example]) -> LabelCounts:
        """Count the gold labels of examples. Warns of examples without annotation."""
        return self.count_gold(examples, self.gold_labels)

    def count_gold(
        self, examples: Iterable[Example], gold_labels: Callable[[Example], GoldLabels | None]
    ) -> LabelCounts:
        """Count what `gold_labels` returns of examples. Warns of examples without annotation for any component."""
        others = [other for other in self._pipeline.components if isinstance(other, BertPipe) and other is not self]
        return count_gold(
            examples,
            gold_labels,
            is_for_others=lambda example: any(other.gold_labels(example) is not None for other in others),
            name=self.name,
            place=self.gold_place.format(**self.cfg),
        )

    def attach(self, checkpoint: Checkpoint) -> None:
        """Take over a network and its tokenizer.

        Raises ValueError, and changes nothing, if the settings don't fit it, or if two of its outputs have one label.
        """
        with self.all_or_nothing():
            labels = self.accept(checkpoint)
            if repeated := sorted(label for label, count in Counter(labels).items() if count > 1):
                raise InvalidError(Errors.E319.format(encoder=self.shim.settings.encoder.name, labels=repeated))
            self.shim.attach(checkpoint)
            self.runner.check()
            self.take_labels(labels)

    def snapshot(self) -> Callable[[], None]:
        """Return a function that makes the component and its shim what they are now."""
        put_back, kept = super().snapshot(), dict(vars(self.shim))

        def put_all_back() -> None:
            put_back()
            vars(self.shim).update(kept)

        return put_all_back

    def merge_adapter(self) -> None:
        """Merge LoRA's matrices into the encoder's weights. Raises ValueError if there are none."""
        self.shim.remove_adapter(merge=True)

    def remove_adapter(self) -> None:
        """Remove LoRA's matrices; the head and the pooler keep their trained weights.

        Raises ValueError if there are none.
        """
        self.shim.remove_adapter(merge=False)

    def __call__(self, doc: Doc) -> Doc:
        """Annotate a Doc, and return it. Raises the errors of `predict`, or hands them to spaCy's error handler."""
        return next(self.pipe([doc]), doc)

    def pipe(self, stream: Iterable[Doc], *, batch_size: int = 128) -> Iterator[Doc]:
        """Yield annotated Docs, in order. One that can't be read goes to spaCy's error handler alone.

        batch_size: Docs that are gathered and sorted by length.
        """
        return annotate_stream(self, stream, batch_size, self._annotate)

    def predict(self, docs: Iterable[Doc]) -> Predictions:
        """Return the predictions for Docs, without changing the Docs."""
        return self.predict_texts(self.encode(list(docs)))

    def predict_texts(self, texts: Texts) -> Predictions:
        """Return the predictions for encoded texts."""
        return self.decode(self.runner.predict(texts), texts)

    def update(
        self,
        examples: Iterable[Example],
        *,
        drop: float = 0.0,
        sgd: Optimizer | None = None,
        losses: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Learn from a batch of examples: gradients are added up, and with `sgd` a step is made.

        drop: of layers that are not torch's; torch's dropout is the encoder's own. losses: the batch's loss is added
        under the name.
        Raises ValueError for a label that the component doesn't know.
        """
        losses = {} if losses is None else losses
        losses.setdefault(self.name, 0.0)
        examples = list(examples)
        validate_examples(examples, f"{type(self).__name__}.update")
        with self.runner.reading(examples, drop=drop):
            examples = [example for example in examples if self.is_annotated(example)]
            if examples:
                losses[self.name] += self._learn(examples)
        if sgd not in (None, False):
            self.finish_update(sgd)
        return losses

    def saved_parts(self) -> dict[str, SavedPart]:
        """Return the network, whose folder is a Transformers checkpoint if its encoder is the component's own."""
        return {"model": SavedNetwork(self.shim, self.attach), **saved_layers(self.model)}

    def saved_state(self) -> dict[str, Any]:
        """Return what is known of the labels, and the live settings, as JSON can hold them."""
        return {**self.label_state(), **self.settings_state()}

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what `saved_state` returned. Raises ValueError if it doesn't fit the labels."""
        self.restore_labels(state)
        self.restore_settings(state)

    def _learn(self, examples: Sequence[Example]) -> RunningLoss | float:
        """Add up the gradients of annotated examples, and return their mean loss."""
        texts = self.encode([example.reference for example in examples], training=True)
        batch = self.runner.windows(texts, training=True)
        targets = self.targets(examples, texts, batch)
        return self.runner.learn(batch, lambda logits, rows: self.loss(logits, rows, targets))

    def _read_texts(self, texts: Sequence[str]) -> list[Doc]:
        """Return Docs of texts, as the components before this one leave them."""
        docs = self._pipeline.read(texts, before=self)
        if docs is None:
            raise InvalidError(Errors.E353.format(name=self.name, encoder=self.shim.settings.encoder.name))
        return docs

    def _annotate(self, docs: Sequence[Doc]) -> None:
        """Predict Docs, and annotate them."""
        self.set_annotations(docs, self.predict(docs))
