"""The way from a head to the component that has its encoder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from spacy.tokens import Doc
from spacy.training import Example
from torch import Tensor

from ...errors import Errors, InvalidError
from ...network.encoder_source import EncoderSource
from ...network.network import Network
from ...types import Floats, PaddedBatch
from .head_states import HeadStates
from .joint_batch import JointBatch


class EncoderOfHeads(Protocol):
    """The interface that heads want of the component that has their encoder."""

    name: str

    @property
    def saved_name(self) -> str:
        """The name under which it was saved last; its own before that."""

    def is_saved_in(self, folder: Path) -> bool:
        """Return whether it belongs to the save of a pipeline that a folder holds, or is getting just now."""

    @property
    def network(self) -> Network:
        """The encoder's network. Raises ValueError before there is one."""

    @property
    def source(self) -> EncoderSource:
        """Where the encoder comes from."""

    def settle(self, docs: Sequence[Doc] | None = None) -> None:
        """Make the step that is due, unless the Docs are those that are being learned from. None: none are known."""

    def states(self, padded: PaddedBatch) -> Tensor:
        """Return the hidden states of a padded batch, (rows, width, hidden), without a gradient."""

    def waiting(self, head: object, docs: Sequence[Doc]) -> list[Mapping[bytes, Floats]]:
        """Take the logits that wait for a head: those of each Doc, by the keys of their windows."""

    def joint_batch(self, head: object, examples: Sequence[Example]) -> JointBatch | None:
        """Return the batch of examples that all heads learn from together; None if this one has nothing to learn."""

    def note_learned(self, head: object, batch: JointBatch) -> None:
        """Note that a head has learned from a batch that `joint_batch` returned."""

    def forget(self) -> None:
        """Drop all gradients since the last step."""


class Upstream:
    """The component that has the encoder of a head, by its name; it is found when the pipeline links its components.

    component: the head's own component. lesson: the hidden states that the head learns from just now.
    """

    def __init__(self, name: str, *, grad_factor: float = 1.0):
        """name: of the component that has the encoder. grad_factor: of the gradients that the head leaves for it."""
        self.name = name
        self.grad_factor = grad_factor
        self.component: Any = None
        self.lesson: HeadStates | None = None
        self._encoder: EncoderOfHeads | None = None
        self._earlier: EncoderOfHeads | None = None

    @property
    def encoder(self) -> EncoderOfHeads:
        """The component. Raises ValueError that says what is missing, if there is none."""
        if self._encoder is None:
            self._encoder = self._disabled_encoder()
        return self._encoder

    @property
    def is_linked(self) -> bool:
        """Whether the component is known."""
        return self._encoder is not None

    def is_linked_to(self, encoder: EncoderOfHeads) -> bool:
        """Return whether a component is the one that has the encoder now."""
        return self._encoder is encoder

    def is_meant(self, encoder: EncoderOfHeads) -> bool:
        """Return whether a component is the one that has the encoder, be it under a new name."""
        return encoder.name == self.name or encoder is self._earlier

    def link(self, encoder: EncoderOfHeads) -> None:
        """Take the encoder of a component from now on, and note its name."""
        self._encoder = self._earlier = encoder
        if encoder.name != self.name:
            self.name = encoder.name
            if self.component.pipeline_link.find(encoder.name) is encoder:
                self.component.note_upstream(encoder.name)

    @property
    def saved_name(self) -> str:
        """The name of the component in the save that is being written, where it comes before the head."""
        return self.name if self._encoder is None else self._encoder.saved_name

    def name_in(self, folder: Path) -> str:
        """Return the name of the component in the save of a pipeline that is being written into a folder."""
        encoder = self._encoder
        return self.name if encoder is None or not encoder.is_saved_in(folder) else encoder.saved_name

    def take_name(self, name: str) -> None:
        """Take the encoder of the component of a name, if the head's pipeline has one of that name."""
        encoder = self.component.pipeline_link.find(name)
        if name != self.name and hasattr(encoder, "joint_batch"):
            self.name, self._earlier = name, None
            self.component.note_upstream(name)
            encoder.find_listeners(self.component)

    def unlink(self) -> None:
        """Have no encoder until the next link, unless it is disabled: only what runs is linked."""
        if not self.component.pipeline_link.is_disabled(self._encoder):
            self._encoder = None

    def states(self, padded: PaddedBatch) -> Tensor:
        """Return the hidden states of a padded batch, (rows, width, hidden): those of the lesson, or new ones."""
        return self.encoder.states(padded) if self.lesson is None else self.lesson.read(padded)

    @contextmanager
    def learning(self, lesson: HeadStates) -> Iterator[None]:
        """Read hidden states from a lesson in the block. After an error, nothing is left of all gradients."""
        self.lesson = lesson
        try:
            yield
        except BaseException:
            self.encoder.forget()
            raise
        finally:
            self.lesson = None

    def _disabled_encoder(self) -> EncoderOfHeads:
        """Return the component if it is disabled, as a pipeline links those that run. Raises ValueError otherwise."""
        name, pipeline = self.component.name, self.component.pipeline_link
        component = pipeline.find(self.name)
        if component is None:
            others = [other for other in pipeline.names if hasattr(pipeline.find(other), "joint_batch")]
            if others:
                raise InvalidError(Errors.E347.format(name=name, upstream=self.name, known=others[0]))
            raise InvalidError(Errors.E340.format(name=name, upstream=self.name, known=pipeline.names))
        if not hasattr(component, "joint_batch"):
            raise InvalidError(Errors.E341.format(name=name, upstream=self.name, kind=type(component).__name__))
        names = pipeline.names
        if name in names and names.index(name) < names.index(self.name):
            raise InvalidError(Errors.E342.format(name=name, upstream=self.name))
        if not pipeline.is_disabled(component):
            raise InvalidError(Errors.E343.format(name=name, upstream=self.name))
        return component  # type: ignore[return-value]
