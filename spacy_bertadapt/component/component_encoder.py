"""The encoder of a component: one interface, so that its task can't tell where the hidden states come from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from spacy.tokens import Doc
from thinc.api import Model
from transformers import PretrainedConfig

from ..learning.adaptation import Adaptation
from ..network.checkpoint import Checkpoint
from ..network.pretrained import NameOutputs
from ..network.settings import NetworkSettings
from .runner import Runner
from .saving import SavedPart
from .thinc_shim import NetworkShim
from .window_settings import WindowSettings

ReadTexts = Callable[[Sequence[str]], list[Doc]]
"""Returns Docs of texts, as the components before one leave them. Raises ValueError if these are not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunnerSettings:
    """The settings that a runner gets from its component.

    windows, windowed_segment, window_limit: see `Runner`. read_texts: for texts without a Doc.
    """

    windows: WindowSettings
    windowed_segment: int
    window_limit: int | None
    read_texts: ReadTexts


class ComponentEncoder(ABC):
    """Makes and reads what stands around the encoder of a component: its own, a shared one, or one it listens to.

    The methods that take a model want the Thinc model of the component. name: of the encoder, for messages.
    """

    name: str

    @abstractmethod
    def make_shim(self, settings: NetworkSettings, adaptation: Adaptation) -> NetworkShim:
        """Return what holds the network. Raises ValueError for an adaptation that makes no sense."""

    def layers(self, shim: NetworkShim) -> list[Model[Any, Any]]:
        """Return the layers of the component's model, by which spaCy finds what it is connected to.

        shim: what `make_shim` returned.
        """
        return []

    @abstractmethod
    def make_runner(self, model: Model[Any, Any], settings: RunnerSettings) -> Runner:
        """Return what sends Docs through the network."""

    @abstractmethod
    def read(
        self, model: Model[Any, Any], labels: NameOutputs | None, docs: Iterable[Doc], *, segments: int
    ) -> tuple[Checkpoint, bool]:
        """Return a network with a pretrained encoder, and whether its head is a trained one.

        labels: returns the names of the head's outputs from those known; None: those known. docs: some of the training
        data. segments: 2 for pairs of texts, else 1.
        Raises FileNotFoundError or ValueError if there is no such encoder.
        """

    def saved_parts(self, model: Model[Any, Any]) -> Mapping[str, SavedPart]:
        """Return what is saved beside the network, by the names of files."""
        return {}

    def saved_state(self, model: Model[Any, Any]) -> dict[str, Any]:
        """Return what is saved of the encoder with the component's state, as JSON can hold it."""
        return {}

    def restore(self, model: Model[Any, Any], state: Mapping[str, Any], config: Mapping[str, Any]) -> None:
        """Take over what `saved_state` returned. config: of the component, as it was saved beside it; may be empty."""
        return None

    @abstractmethod
    def pretrained_config(self, model: Model[Any, Any]) -> PretrainedConfig | None:
        """Return the configuration that the encoder was pretrained with; None if there can be no trained head.

        Raises FileNotFoundError or ValueError if there is no such encoder.
        """
