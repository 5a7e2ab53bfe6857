"""The heads of an encoder, as spaCy links a component to those that listen to it."""

from __future__ import annotations

from typing import Any, cast

from thinc.api import Model

from ..base import BertPipe
from ..pipeline_link import PipelineLink
from .listener import EncoderListener


class ListenedTo:
    """The interface that spaCy wants of a component that others listen to: see `spacy.ty.ListenedToComponent`."""

    _pipeline: PipelineLink
    _listener_map: dict[str, list[EncoderListener]]

    @property
    def listener_map(self) -> dict[str, list[EncoderListener]]:
        """The listeners of each component, by its name. spaCy sets it anew when it links components."""
        return self._listener_map

    @listener_map.setter
    def listener_map(self, listeners: dict[str, list[EncoderListener]]) -> None:
        self._listener_map = listeners

    @property
    def listening_components(self) -> list[str]:
        """The names of the components that listen."""
        return list(self.listener_map)

    @property
    def listeners(self) -> list[EncoderListener]:
        """The listeners of all components."""
        return [listener for listeners in self.listener_map.values() for listener in listeners]

    @property
    def heads(self) -> list[BertPipe]:
        """The components that listen and have no other encoder now, but for those that are disabled.

        A component that is in two pipelines has the listeners of the one that was linked last; those of the pipeline
        that it was made for are its heads too, and it is by this one that it knows what is disabled.
        """
        running = self._pipeline.running or ()
        listeners = [*self.listeners, *(listener for component in running for listener in _listeners_of(component))]
        linked = {id(each): each.upstream for each in listeners if each.upstream.is_linked_to(self)}  # type: ignore[arg-type]
        heads = [cast(BertPipe, upstream.component) for upstream in linked.values()]
        return [head for head in heads if not self._pipeline.is_disabled(head)]

    def find_listeners(self, component: Any) -> None:
        """Link to a component that comes later in the pipeline, if it listens to this one."""
        for listener in _listeners_of(component):
            if listener.upstream.is_meant(self):  # type: ignore[arg-type]
                listener.upstream.link(self)  # type: ignore[arg-type]
                self.add_listener(listener, component.name)

    def add_listener(self, listener: EncoderListener, component_name: str) -> None:
        """Add a listener of a component."""
        listeners = self.listener_map.setdefault(component_name, [])
        if listener not in listeners:
            listeners.append(listener)

    def remove_listener(self, listener: EncoderListener, component_name: str) -> bool:
        """Remove a listener of a component. Returns whether it was there."""
        listeners = self.listener_map.get(component_name, [])
        if listener not in listeners:
            return False
        listeners.remove(listener)
        if not listeners:
            del self.listener_map[component_name]
        return True


def _listeners_of(component: Any) -> list[EncoderListener]:
    """Return the layers of a component's model that stand for a shared encoder."""
    model = getattr(component, "model", None)
    nodes = model.walk() if isinstance(model, Model) else ()
    return [node for node in nodes if isinstance(node, EncoderListener)]
