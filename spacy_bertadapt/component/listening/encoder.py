"""An encoder that is listened to: a Thinc model that gives each token of a Doc a vector."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from spacy.tokens import Doc
from thinc.api import Model

from ...errors import Errors, InvalidError
from ...learning.adaptation import Adaptation
from ...network.encoder_source import check_dropout
from ...network.pretrained import NameOutputs
from ...network.settings import NetworkSettings
from ...network.vector_checkpoint import VectorCheckpoint, new_vector_checkpoint
from ...network.vector_heads import VectorHeadConfig
from ..component_encoder import ComponentEncoder, RunnerSettings
from ..saving import SavedPart
from ..thinc_model import shim_of
from ..thinc_shim import NetworkShim
from .runner import ListeningRunner
from .saved_layer import saved_layers
from .shim import ListeningShim
from .upstream_names import describe_upstream
from .vectors import width_of_vectors

HEAD_DROPOUT = 0.1
UNKNOWN_LABELS = ("LABEL_0", "LABEL_1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tok2VecEncoder(ComponentEncoder):
    """Vectors of tokens, from a listener or any other model of Thinc that takes Docs.

    name: of the component that is listened to, for messages. dropout: of the head, in training.
    layer: gives the vectors, by which spaCy finds what is listened to.
    """

    name: str
    dropout: float
    layer: Model[Any, Any]

    def __post_init__(self) -> None:
        check_dropout(self.dropout)

    def make_shim(self, settings: NetworkSettings, adaptation: Adaptation) -> ListeningShim:
        """Return what holds the head. Raises ValueError for an adaptation of an encoder that is not there."""
        if not adaptation.is_full:
            raise InvalidError(Errors.E351.format(adapt=type(adaptation).__name__, encoder=self.name))
        return ListeningShim(settings, adaptation, dropout=self.dropout)

    def layers(self, shim: NetworkShim) -> list[Model[Any, Any]]:
        """Return the layer that gives the vectors."""
        return [self.layer]

    def make_runner(self, model: Model[Any, Any], settings: RunnerSettings) -> ListeningRunner:
        """Return what sends vectors of Docs through the head; a Doc has one window, so there is nothing to limit."""
        segment, read_texts = settings.windowed_segment, settings.read_texts
        return ListeningRunner(model, settings.windows, read_texts=read_texts, windowed_segment=segment)

    def read(
        self, model: Model[Any, Any], labels: NameOutputs | None, docs: Iterable[Doc], *, segments: int
    ) -> tuple[VectorCheckpoint, bool]:
        """Return a new head for vectors of the width that the model's layer gives."""
        names = labels(()) if labels is not None else UNKNOWN_LABELS
        width = width_of_vectors(model.layers[0], docs, self.name)
        config = VectorHeadConfig(dict(enumerate(names)), width, segments, None, self.dropout)
        return new_vector_checkpoint(shim_of(model).settings.architecture, config), False

    def saved_parts(self, model: Model[Any, Any]) -> Mapping[str, SavedPart]:
        """Return the layer that gives the vectors, if it has weights."""
        return saved_layers(model)

    def pretrained_config(self, model: Model[Any, Any]) -> None:
        """Return None: the vectors come without a head."""


def tok2vec_encoder(tok2vec: Model[Any, Any], dropout: float = HEAD_DROPOUT) -> Tok2VecEncoder:
    """Return an encoder that is no component's own: the vectors that a listener, or another model, gives each token.

    tok2vec: from Docs to one array a Doc, (tokens, width): a listener to a `tok2vec`, `transformer` or
    `curated_transformer` component, or a model that computes vectors itself, such as spacy.HashEmbedCNN.v2.
    dropout: the share of the head's inputs and hidden units that are dropped in training.
    """
    return Tok2VecEncoder(name=describe_upstream(tok2vec), dropout=dropout, layer=tok2vec)
