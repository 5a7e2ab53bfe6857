"""A component around a network, whether it has a task or not."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence

from spacy.language import Language
from spacy.pipeline import TrainablePipe
from spacy.tokens import Doc

from ..network.checkpoint import Checkpoint
from ..network.network import Network
from ..network.pretrained import NameOutputs
from .failures import annotate_stream
from .runner import Runner
from .saved_network import SavedNetwork
from .saving import SavedPart
from .settings import ConfiguredComponent
from .thinc_model import NetworkModel, encoder_of, shim_of
from .thinc_shim import NetworkShim


class NetworkComponent(ConfiguredComponent, TrainablePipe):
    """A trainable component with a network: it annotates a stream, and is saved with the network's checkpoint."""

    model: NetworkModel

    @abstractmethod
    def attach(self, checkpoint: Checkpoint) -> None:
        """Take over a network and its tokenizer. Raises ValueError, and changes nothing, if the settings don't fit."""

    @abstractmethod
    def _annotate(self, docs: Sequence[Doc]) -> None:
        """Predict Docs, and annotate them."""

    @property
    def shim(self) -> NetworkShim:
        """The adapter that holds the network for Thinc."""
        return shim_of(self.model)

    @property
    @abstractmethod
    def runner(self) -> Runner:
        """Sends texts through the network."""

    @property
    def n_segments(self) -> int:
        """How many texts a Doc has for the network: 2 for pairs."""
        return 1

    @property
    def network(self) -> Network:
        """The network. Raises ValueError before there is one."""
        return self.shim.network

    def read_pretrained(self, labels: NameOutputs | None = None, docs: Iterable[Doc] = ()) -> tuple[Checkpoint, bool]:
        """Return the network from its pretrained encoder, and whether its head is a trained one.

        Arguments and errors: see `ComponentEncoder.read`.
        """
        return encoder_of(self.model).read(self.model, labels, docs, segments=self.n_segments)

    def join(self, nlp: Language) -> None:
        """Belong to a pipeline: to that where the component is initialized, which may not be where it was made."""
        self.vocab = nlp.vocab
        self.take_pipeline(nlp)

    def snapshot(self) -> Callable[[], None]:
        """Return a function that makes the component and its shim what they are now."""
        put_back, kept, layers = super().snapshot(), dict(vars(self.shim)), list(self.model.layers)

        def put_all_back() -> None:
            put_back()
            vars(self.shim).update(kept)
            self.model.layers[:] = layers

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

    def saved_parts(self) -> dict[str, SavedPart]:
        """Return the network, whose folder is a Transformers checkpoint."""
        return {"model": SavedNetwork(self.shim, self.attach)}
