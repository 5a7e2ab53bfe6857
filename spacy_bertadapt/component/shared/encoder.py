"""The component that has an encoder for other components, its heads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, cast

from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example, validate_examples
from spacy.util import minibatch
from spacy.vocab import Vocab
from thinc.api import Optimizer
from torch import Tensor

from ...forks import finish_before_forks
from ...learning.adaptation import Adaptation
from ...learning.encoder_learner import EncoderLearner
from ...network.checkpoint import Checkpoint
from ...network.encoder_source import EncoderSource
from ...types import Floats, PaddedBatch
from ..base import BertPipe
from ..checks import one_of, optional
from ..last_save import KnowsLastSave
from ..lesson import Lesson
from ..network_component import NetworkComponent
from ..runner import Runner
from ..saving import check_component_name
from ..settings import LiveSetting
from ..thinc_model import NetworkModel, shim_of
from ..window_settings import WindowSettings
from .ahead import reader_of
from .architecture import encoder_model
from .doc_vectors import DocVectors
from .encoder_shim import EncoderShim
from .joint_batch import JointBatch
from .joint_prediction import Reader, read_jointly, read_states
from .listeners import ListenedTo
from .vector_reader import CLS, MEAN, VectorReader
from .waiting_logits import WaitingLogits


class BertEncoder(ListenedTo, KnowsLastSave, NetworkComponent):
    """Runs one encoder for all components that listen to it, in prediction and in training.

    In its turn it computes the logits of all heads that come after it, which they take in theirs; the hidden states are
    gone by then. A head that finds none has them computed. With `vectors` it also sets `doc.vector` and `token.vector`.
    """

    vectors = LiveSetting(optional(one_of(MEAN, CLS)))

    def __init__(
        self,
        vocab: Vocab,
        model: NetworkModel,
        name: str = "bert_encoder",
        *,
        vectors: str | None = None,
        pipeline: Language | None = None,
        windows: WindowSettings | None = None,
        adapt: Adaptation | None = None,
    ):
        """Take the settings: see `docs/shared.md` for each. Weights are read in `initialize` or `from_disk`.

        model: as the architecture makes it. vectors: "mean" or "cls"; None: no vectors. pipeline: that which the
        component is made for. windows: how Docs are cut for vectors, and how many subwords go through the encoder at
        once. adapt: which parameters learn, and how fast; None: all of them.
        """
        check_component_name(name)
        self.vocab = vocab
        self.model = encoder_model(shim_of(model).settings, adapt)
        self.name = name
        self.listener_map = {}
        self._waiting = WaitingLogits()
        self._runner = Runner(self.shim, windows or WindowSettings())
        self.take_settings({"vectors": vectors}, pipeline)

    @property
    def shim(self) -> EncoderShim:
        """The adapter that holds the encoder for Thinc."""
        return cast(EncoderShim, super().shim)

    @property
    def source(self) -> EncoderSource:
        """Where the encoder comes from."""
        return self.shim.encoder_source

    @property
    def runner(self) -> Runner:
        """Knows how many subwords go through the encoder at once."""
        return self._runner

    def initialize(
        self, get_examples: Callable[[], Iterable[Example]], *, nlp: Language | None = None, labels: object = None
    ) -> None:
        """Read the encoder. get_examples, labels: not needed.

        Raises ValueError or FileNotFoundError if there is no such encoder.
        """
        if nlp is not None:
            self.join(nlp)
        checkpoint, _ = self.read_pretrained()
        self.attach(checkpoint)
        self.shim.learner.forget()
        self.take_as_initialized()

    def attach(self, checkpoint: Checkpoint) -> None:
        """Take over an encoder and its tokenizer. Raises ValueError, and changes nothing, if the settings don't fit."""
        with self.all_or_nothing():
            self.shim.attach(checkpoint)
            self.runner.check()

    def update(
        self,
        examples: Iterable[Example],
        *,
        drop: float = 0.0,
        sgd: Optimizer | None = None,
        losses: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Run the encoder over what its heads read of a batch of examples; they learn in their own updates, then it.

        drop: has no effect; dropout is the encoder's own. losses: gets 0.0 under the name: losses are the heads'.
        """
        losses = {} if losses is None else losses
        losses.setdefault(self.name, 0.0)
        examples = list(examples)
        validate_examples(examples, "BertEncoder.update")
        self.settle()
        finish_before_forks(self)
        self.shim.joint.begin(batch := self._new_batch(examples, self.shim.encoder_learner))
        batch.add(self._lessons(examples))
        if sgd not in (None, False):
            self.finish_update(sgd)
        return losses

    def settle(self, docs: Sequence[Doc] | None = None) -> None:
        """Make the step that is due.

        docs: those that are predicted next, if these are known. Components may annotate those of a batch while they
        learn from it: then the step waits for the heads that have yet to come.
        """
        joint = self.shim.joint
        if docs is None or not joint.learns_from(docs) or not joint.lacks(self.heads):
            self.shim.settle()

    def finish_before_fork(self) -> None:
        """Make the step that is due, unless heads have yet to come to the last batch."""
        if not self.shim.joint.lacks(self.heads):
            self.shim.settle()

    def forget(self) -> None:
        """Drop all gradients since the last step, those of the heads too."""
        self.shim.forget()
        for head in self.heads:
            head.shim.forget()

    def states(self, padded: PaddedBatch) -> Tensor:
        """Return the hidden states of a padded batch, (rows, width, hidden), without a gradient."""
        return read_states(self.network, padded)

    def waiting(self, head: object, docs: Sequence[Doc]) -> list[Mapping[bytes, Floats]]:
        """Take the logits that wait for a head: those of each Doc, by the keys of their windows."""
        versions = self.network.version, cast(BertPipe, head).network.version
        return self._waiting.take(head, versions, docs)

    def joint_batch(self, head: object, examples: Sequence[Example]) -> JointBatch | None:
        """Return the batch of examples that a head learns from with others; None if none of it is annotated for it.

        Without an update of the encoder for these examples, as where it is frozen, it is one that the encoder does not
        learn from. Raises ValueError for a label that the head doesn't know.
        """
        joint = self.shim.joint
        batch = joint.batch_of(examples)
        lessons: dict[object, Lesson] = {}
        if batch is None:
            self.settle()
            joint.read(batch := self._new_batch(examples))
            lessons = self._lessons(examples)
        if head not in lessons and not batch.has_lesson(head):
            own = cast(BertPipe, head).lesson(examples)
            lessons |= {} if own is None else {head: own}
        batch.add(lessons)
        if batch.has_lesson(head):
            return batch
        joint.note_learned(head, batch)
        return None

    def note_learned(self, head: object, batch: JointBatch) -> None:
        """Note that a head has learned from a batch that `joint_batch` returned."""
        self.shim.joint.note_learned(head, batch)

    def saved_state(self) -> dict[str, Any]:
        """Return the live settings, as JSON can hold them."""
        return self.settings_state()

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what `saved_state` returned."""
        self.restore_settings(state)

    def predict(self, docs: Iterable[Doc]) -> list[DocVectors]:
        """Compute the logits of all heads for Docs, and let them wait. Returns the Docs' vectors; none without them."""
        documents = list(docs)
        self.settle(documents)
        self.shim.report_skipped()
        heads = [reader for head in self.heads if (reader := reader_of(head, documents, self.network))]
        vectors = [self._vector_reader(documents)] if self.vectors and documents else []
        if readers := cast(Sequence[Reader], [*heads, *vectors]):
            read_jointly(self.network, self.runner.budget, readers)
        for head in heads:
            head.leave(self._waiting)
        return [vector for reader in vectors for vector in reader.vectors()]

    def pipe(self, stream: Iterable[Doc], *, batch_size: int = 128) -> Iterator[Doc]:
        """Yield Docs, in order, with the logits of their heads waiting: see `NetworkComponent.pipe`.

        The step that is due is made first, as an error of that is no Doc's.
        """
        for docs in map(list, minibatch(stream, batch_size)):
            self.settle(docs)
            yield from super().pipe(docs, batch_size=batch_size)

    def set_annotations(self, docs: Sequence[Doc], predictions: Sequence[DocVectors]) -> None:
        """Put vectors on the Docs, if there are any; all else is up to the heads."""
        writes_alone = all(other is self for other in self._pipeline.writers({"doc.tensor"}))
        for doc, vectors in zip(docs, predictions, strict=False):
            vectors.put_on(doc, writes_alone=writes_alone)

    def _annotate(self, docs: Sequence[Doc]) -> None:
        self.set_annotations(docs, self.predict(docs))

    def _vector_reader(self, docs: Sequence[Doc]) -> VectorReader:
        size = int(self.network.module.config.hidden_size)
        return VectorReader(self.runner, docs, pooling=self.vectors, hidden_size=size)

    def _new_batch(self, examples: Sequence[Example], learner: EncoderLearner | None = None) -> JointBatch:
        return JointBatch(self.network, self.runner.budget, examples, learner)

    def _lessons(self, examples: Sequence[Example]) -> dict[object, Lesson]:
        """Return what the heads read of examples that are expected to learn from them.

        A head that can't read them says why in its own update.
        """
        lessons: dict[object, Lesson] = {}
        for head in filter(self.shim.joint.expects, self.heads):
            try:
                lesson = head.lesson(examples) if head.shim.is_initialized else None
            except Exception:  # raised again in the head's own update, if it has one
                continue
            if lesson is not None:
                lessons[head] = lesson
        return lessons
