"""The base of the components of all tasks: settings, labels, learning, files."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import torch
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example, validate_examples
from spacy.vocab import Vocab
from thinc.api import Optimizer
from torch import Tensor

from ..errors import Errors, InvalidError
from ..learning.adaptation import Adaptation
from ..learning.losses import SequenceLoss
from ..learning.running_loss import RunningLoss
from ..network.checkpoint import Checkpoint
from ..network.inputs import to_device
from .calibrated import CalibratedComponent
from .calibration import NOT_CALIBRATED
from .component_encoder import RunnerSettings
from .gold import GoldLabels, LabelCounts, count_gold
from .lesson import Lesson
from .outputs import WindowOutputs
from .pipeline_link import PipelineLink
from .runner import Runner
from .saving import SavedPart, check_component_name
from .task_contract import Predictions, Targets, TaskContract, Texts
from .thinc_model import NetworkModel, encoder_of, network_model, shim_of
from .thinc_shim import NetworkShim
from .window_settings import WindowSettings


class BertPipe(CalibratedComponent, TaskContract[Texts, Targets, Predictions]):
    """A trainable component around a network, whose task implements the methods of `TaskContract`."""

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
        reading = RunnerSettings(
            windows=windows or WindowSettings(),
            windowed_segment=self.windowed_segment,
            window_limit=window_limit,
            read_texts=self._read_texts,
        )
        self._runner = encoder_of(self.model).make_runner(self.model, reading)
        self.take_labels(())
        self.take_settings({**cfg, "ignored_labels": []}, pipeline)
        self.shim.set_component(self)

    def weights_of_labels(self, device: torch.device) -> Tensor | None:
        """Return the class weight of every label, on a device; first that of units without one, where there are such.

        None: the loss has no class weights.
        """
        weights = self._class_weights
        return None if weights is None else to_device(np.array(weights, dtype=np.float32), device)

    @property
    def runner(self) -> Runner:
        """Sends texts through the network."""
        return self._runner

    @property
    def pipeline_link(self) -> PipelineLink:
        """The link to the pipeline that the component belongs to."""
        return self._pipeline

    def note_upstream(self, name: str) -> None:
        """Note the new name of the component that has the encoder, in the pipeline's config too."""
        self._pipeline.write_config(self, "model.encoder.upstream", name)

    def docs_to_read(self, docs: Sequence[Doc]) -> Sequence[Doc]:
        """Return those of some Docs that the component annotates when they come to it."""
        return docs

    def docs_to_read_ahead(self, docs: Sequence[Doc]) -> Sequence[Doc]:
        """Return those of some Docs whose logits a shared encoder may compute before the component's own turn."""
        return self.docs_to_read(docs)

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
        checkpoint, has_trained_head = self.read_pretrained(head, docs)
        if not needs_head and not has_trained_head:
            place, encoder = self.gold_place.format(**self.cfg), self.shim.settings.encoder.name
            raise InvalidError(Errors.E301.format(name=self.name, place=place, encoder=encoder))
        self.attach(checkpoint)
        self.shim.learner.forget()
        self.compare_labels(counts)
        self.take_as_initialized()

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
            self.calibration = NOT_CALIBRATED

    def predict(self, docs: Iterable[Doc]) -> Predictions:
        """Return the predictions for Docs, without changing the Docs."""
        documents = list(docs)
        return self.predict_texts(self.encode(documents), documents)

    def predict_texts(self, texts: Texts, docs: Sequence[Doc] = ()) -> Predictions:
        """Return the predictions for encoded texts. docs: their Docs, if they have any."""
        return self.decode(self.window_outputs(texts, docs), texts)

    def window_outputs(self, texts: Texts, docs: Sequence[Doc] = ()) -> WindowOutputs:
        """Return the calibrated logits of encoded texts. docs: their Docs, if they have any."""
        return self.calibration.applied(self.runner.predict(texts, docs))

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
        with self.runner.learning_from(self, examples, drop=drop) as lesson:
            if lesson is not None:
                self.forget_calibration()
                losses[self.name] += self._learn(lesson)
        if sgd not in (None, False):
            self.finish_update(sgd)
        return losses

    def lesson(self, examples: Sequence[Example]) -> Lesson[Texts] | None:
        """Return what is read of a batch of examples to learn from it; None if none of them is annotated.

        Raises ValueError for a label that the component doesn't know.
        """
        annotated = [example for example in examples if self.is_annotated(example)]
        if not annotated:
            return None
        texts = self.encode([example.reference for example in annotated], training=True)
        return Lesson(annotated, texts, self.runner.windows(texts, training=True))

    def saved_parts(self) -> dict[str, SavedPart]:
        """Return the network, whose folder is a Transformers checkpoint if its encoder is the component's own."""
        return {**super().saved_parts(), **encoder_of(self.model).saved_parts(self.model)}

    def saved_state(self) -> dict[str, Any]:
        """Return what is known of the labels and the encoder, and the live settings, as JSON can hold them."""
        encoder = encoder_of(self.model)
        own = {**self.label_state(), **self.settings_state(), **self.calibration_state()}
        return {**own, **encoder.saved_state(self.model)}

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what `saved_state` returned. Raises ValueError if it doesn't fit the labels."""
        self.restore_labels(state)
        self.restore_settings(state)
        self.restore_calibration(state)
        encoder_of(self.model).restore(self.model, state, self._config_beside)

    def use_own_encoder(self, shim: NetworkShim) -> None:
        """Stand alone from now on, with a network that has an encoder of its own. shim: holds it."""
        self.model.shims[:] = [shim]
        self.model.layers.clear()
        self._runner = self.runner.on(shim)

    def __setattr__(self, name: str, value: Any) -> None:
        """Set an attribute. spaCy sets the names of all components just before it links them to each other."""
        super().__setattr__(name, value)
        if name == "name" and self._is_complete:
            self.shim.unlink()

    def _learn(self, lesson: Lesson[Texts]) -> RunningLoss | float:
        """Add up the gradients of annotated examples, and return their mean loss."""
        targets = self.targets(lesson.examples, lesson.texts, lesson.batch)
        return self.runner.learn(lesson.batch, lambda logits, rows: self.loss(logits, rows, targets))

    def _read_texts(self, texts: Sequence[str]) -> list[Doc]:
        """Return Docs of texts, as the components before this one leave them."""
        docs = self._pipeline.read(texts, before=self)
        if docs is None:
            raise InvalidError(Errors.E353.format(name=self.name, encoder=self.shim.settings.encoder.name))
        return docs

    def _annotate(self, docs: Sequence[Doc]) -> None:
        """Predict Docs, and annotate them."""
        self.set_annotations(docs, self.predict(docs))
