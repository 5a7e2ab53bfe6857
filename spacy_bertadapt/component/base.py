"""What every task's component shares: settings, labels, learning, files."""

import warnings
from abc import abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

import srsly
from spacy import util
from spacy.language import Language
from spacy.pipeline import TrainablePipe
from spacy.tokens import Doc
from spacy.training import Example, validate_examples
from spacy.vocab import Vocab
from thinc.api import Optimizer
from torch import Tensor

from ..errors import Errors, InvalidError, Warnings
from ..files import read_json_object, replaced_folder, saved_folder, write_json_whole
from ..learning.adaptation import Adaptation, FullFineTuning
from ..network.checkpoint import Checkpoint, read_encoder
from ..pairs import PartNames, has_parts, pair_of
from ..subwords.batches import WindowBatch
from ..types import Ints, Segments
from .model import TransformerModel, shim_of
from .runner import Columns, Runner, WindowOutputs
from .shim import TransformerShim

Inputs = TypeVar("Inputs")
Targets = TypeVar("Targets")
Predictions = TypeVar("Predictions")


@dataclass(frozen=True, slots=True)
class LabelCounts:
    """Gold labels of the training data.

    by_label: how many examples, or tokens, each label holds for (0 where it is only named).
    examples: how many examples there are. units: how many examples, or tokens.
    """

    by_label: Counter[str]
    examples: int
    units: int


class BertPipe(TrainablePipe, Generic[Inputs, Targets, Predictions]):
    """A trainable component around one of Transformers' task classes.

    A task says what it reads of a Doc (`parts`: of a pair; None: the whole text) and how (`encode`), what it learns
    from (`count_labels`, `targets`, `loss`), and what its logits mean (`decode`, `set_annotations`).
    The way from subwords to logits is the `Runner`'s.
    """

    parts: ClassVar[PartNames | None] = None
    has_labels: ClassVar[bool] = True
    windowed_segment: ClassVar[int] = 0

    def __init__(
        self,
        vocab: Vocab,
        model: TransformerModel,
        name: str,
        *,
        scorer: Callable[..., dict[str, Any]] | None,
        cfg: dict[str, Any],
        adapt: Adaptation | None = None,
        **run_settings: Any,
    ):
        """Take the settings. Weights are read in `initialize` or `from_disk`.

        scorer: scores Examples, as `nlp.evaluate` calls it. cfg: the task's settings, which the scorer gets too.
        adapt: which parameters learn, and how fast; None: all of them.
        run_settings: max_length, stride, max_windows, max_batch_subwords: see `Runner`.
        """
        self.vocab = vocab
        self.model = model
        self.name = name
        self.scorer = scorer
        self.cfg = cfg
        self.runner = Runner(model, windowed_segment=self.windowed_segment, **run_settings)
        self._added_labels: list[str] = []
        self.shim.adaptation = adapt or FullFineTuning()

    @abstractmethod
    def count_labels(self, examples: Iterable[Example]) -> LabelCounts:
        """How often each label is gold in the examples."""

    def teaches(self, example: Example) -> bool:
        """Whether an example has gold annotation for the task; the others are passed over."""
        return True

    @abstractmethod
    def encode(self, docs: Sequence[Doc], *, training: bool = False) -> Inputs:
        """The subwords of Docs, and whatever else is needed to make sense of them. training: they come again."""

    @abstractmethod
    def columns(self, inputs: Inputs) -> Columns:
        """The subwords among what `encode` gave."""

    @abstractmethod
    def targets(self, examples: Sequence[Example], inputs: Inputs) -> Targets:
        """What the examples teach, as arrays. Raises ValueError for a label that the component doesn't know."""

    @abstractmethod
    def loss(self, logits: Tensor, batch: WindowBatch, rows: Ints, targets: Targets) -> Tensor:
        """The share of the batch's loss that some windows make up: the shares of all add up to it.

        logits: of all windows of some texts. batch, rows: all windows of the batch, and the numbers of those.
        """

    @abstractmethod
    def decode(self, outputs: WindowOutputs, inputs: Inputs) -> Predictions:
        """What the logits of all windows mean for each text."""

    @property
    def shim(self) -> TransformerShim:
        """The network, and what is done with it."""
        return shim_of(self.model)

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels, in the order of the head's outputs."""
        return self.shim.checkpoint.labels if self.shim.is_initialized else tuple(self._added_labels)

    @property
    def label_data(self) -> list[str]:
        """The labels, as `spacy init labels` writes them and `initialize` takes them."""
        return list(self.labels)

    def add_label(self, label: str) -> int:
        """Add a label before `initialize`. Returns 1, or 0 if it is there. Raises ValueError once labels are fixed."""
        if label in self.labels:
            return 0
        if self.shim.is_initialized:
            raise InvalidError(Errors.E304.format(name=self.name, label=label))
        self._added_labels.append(label)
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
        counts = self.count_labels(get_examples())
        wanted = list(dict.fromkeys(labels or self._added_labels)) or sorted(counts.by_label) or None
        needs_head = wanted is not None or not self.has_labels
        head = (lambda known: self.head_labels(wanted or [], known)) if needs_head else None
        checkpoint, has_head = read_encoder(self.shim.source, self.shim.auto_class, head)
        if not needs_head and not has_head:
            raise InvalidError(Errors.E301.format(name=self.name, encoder=self.shim.source.name))
        self.attach(checkpoint)
        self.shim.adapt()
        self._report_unseen(counts)
        self.settle(counts)

    def head_labels(self, labels: Sequence[str], known: Sequence[str]) -> Sequence[str]:
        """What the head's outputs are to be called. known: the outputs of the checkpoint's head."""
        return labels

    def attach(self, checkpoint: Checkpoint) -> None:
        """Take over a network and its tokenizer. Raises ValueError where the settings don't fit it."""
        self.shim.attach(checkpoint)
        self.runner.check()

    def settle(self, counts: LabelCounts) -> None:
        """Take from the training data what else the task needs of it, once, in `initialize`."""

    def merge_adapter(self) -> None:
        """Add LoRA's matrices up into the weights they stand beside. Raises ValueError if there are none."""
        self.shim.remove_adapter(merge=True)

    def remove_adapter(self) -> None:
        """Take LoRA's matrices away; head and pooler stay as trained. Raises ValueError if there are none."""
        self.shim.remove_adapter(merge=False)

    @property
    def window_limit(self) -> int | None:
        """How many windows of a text the task looks at; None: all."""
        return None

    def segments(self, doc: Doc) -> Segments:
        """The text or texts of a Doc that go through the network. Raises ValueError for a Doc without them."""
        return doc.text if self.parts is None else pair_of(doc, self.parts)

    def training_doc(self, example: Example) -> Doc:
        """The Doc of an example whose text is learned from: the gold one where it alone has the parts of a pair."""
        has_gold_parts = self.parts is not None and has_parts(example.reference, self.parts)
        return example.reference if has_gold_parts else example.predicted

    def predict(self, docs: Iterable[Doc]) -> Predictions:
        """What the network says about Docs, which stay as they are."""
        return self.predict_inputs(self.encode(list(docs)))

    def predict_inputs(self, inputs: Inputs) -> Predictions:
        """What the network says about encoded texts."""
        return self.decode(self.runner.predict(self.columns(inputs), max_windows=self.window_limit), inputs)

    def update(
        self,
        examples: Iterable[Example],
        *,
        drop: float = 0.0,
        sgd: Optimizer | None = None,
        losses: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Learn from a batch of examples: gradients are added up, and with `sgd` a step is made.

        drop: has no effect; dropout is the encoder's own. losses: the batch's loss is added under the name.
        Raises ValueError for a label that the component doesn't know.
        """
        losses = {} if losses is None else losses
        losses.setdefault(self.name, 0.0)
        examples = list(examples)
        validate_examples(examples, f"{type(self).__name__}.update")
        examples = [example for example in examples if self.teaches(example)]
        if examples:
            inputs = self.encode([self.training_doc(example) for example in examples], training=True)
            targets = self.targets(examples, inputs)
            losses[self.name] += self.runner.learn(
                self.columns(inputs),
                lambda logits, batch, rows: self.loss(logits, batch, rows, targets),
                max_windows=self.window_limit,
            )
        if sgd not in (None, False):
            self.finish_update(sgd)
        return losses

    def to_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> None:
        """Write the component into a folder; its `model` is a Transformers checkpoint, replaced whole or not at all."""
        folder = Path(path).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        writers = {"cfg": lambda p: write_json_whole(p, self._state()), "model": self._write_model}
        util.to_disk(folder, writers, exclude)

    def from_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> "BertPipe[Inputs, Targets, Predictions]":
        """Read a folder that `to_disk` wrote. Raises an error that names the file if one is missing or spoilt."""
        readers = {
            "model": lambda p: self.attach(self.shim.read(saved_folder(p))),
            "cfg": lambda p: self._restore(read_json_object(p)),
        }
        util.from_disk(Path(path), readers, exclude)
        return self

    def _write_model(self, path: Path) -> None:
        with replaced_folder(path) as folder:
            self.shim.to_disk(folder)

    def to_bytes(self, *, exclude: Iterable[str] = ()) -> bytes:
        """Pack what `to_disk` writes."""
        writers = {"cfg": lambda: srsly.json_dumps(self._state()), "model": self.shim.to_bytes}
        return util.to_bytes(writers, exclude)

    def from_bytes(self, bytes_data: bytes, *, exclude: Iterable[str] = ()) -> "BertPipe[Inputs, Targets, Predictions]":
        """Read what `to_bytes` packed."""
        readers = {
            "model": lambda packed: self.attach(self.shim.unpack(packed)),
            "cfg": lambda packed: self._restore(srsly.json_loads(packed)),
        }
        util.from_bytes(bytes_data, readers, exclude)
        return self

    def _state(self) -> dict[str, Any]:
        """What training has settled besides the network. Settings are the config's to keep."""
        return {}

    def _restore(self, state: dict[str, Any]) -> None:
        """Take over what `_state` gave."""

    def _report_ignored(self, counts: LabelCounts) -> list[str]:
        """Labels of the data that are not the component's, as some are given to it."""
        ignored = sorted(label for label in counts.by_label if label not in self.labels)
        if ignored:
            warnings.warn(Warnings.W306.format(name=self.name, labels=ignored, known=self.labels), stacklevel=4)
        return ignored

    def _report_unseen(self, counts: LabelCounts) -> None:
        unseen = [label for label in self.labels if counts.examples and not counts.by_label[label]]
        if unseen:
            warnings.warn(Warnings.W304.format(name=self.name, labels=unseen, total=counts.examples), stacklevel=3)
