"""Encoders that are not a component's own: what it needs of one, so that its tasks can't tell the difference."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from spacy.tokens import Doc
from thinc.api import Model

from ..learning.adaptation import Adaptation
from ..network.checkpoint import Checkpoint
from ..network.encoder_source import EncoderSource
from ..network.pretrained import NameOutputs
from ..network.settings import NetworkSettings
from .runner import Runner
from .thinc_shim import NetworkShim
from .window_settings import WindowSettings

ReadTexts = Callable[[Sequence[str]], list[Doc]]
"""Returns Docs of texts, as the components before one leave them. Raises ValueError if these are not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectedEncoder(EncoderSource):
    """An encoder that another component of the pipeline has, or that Thinc computes.

    layer: the Thinc model in which spaCy finds what is connected; the component's own model has it as its layer.
    """

    layer: Model[Any, Any]

    @abstractmethod
    def make_shim(self, settings: NetworkSettings, adaptation: Adaptation) -> NetworkShim:
        """Return what holds the network. Raises ValueError for an adaptation that makes no sense."""

    @abstractmethod
    def make_runner(
        self, model: Model[Any, Any], windows: WindowSettings, *, read_texts: ReadTexts, windowed_segment: int
    ) -> Runner:
        """Return what sends Docs through the network. model: the component's. read_texts: for texts without a Doc."""

    @abstractmethod
    def read(
        self,
        model: Model[Any, Any],
        settings: NetworkSettings,
        labels: NameOutputs | None,
        docs: Iterable[Doc],
        *,
        segments: int,
    ) -> Checkpoint:
        """Return a network with a new head.

        model: the component's. labels: returns the names of the head's outputs from those known, which are none.
        docs: some of the training data. segments: 2 for pairs of texts, else 1.
        Raises ValueError if there is nothing to be connected to.
        """
