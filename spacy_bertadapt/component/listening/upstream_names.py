"""The names of the components that listeners listen to, whichever package these are from."""

from __future__ import annotations

from typing import Any, TypeGuard

from spacy.ty import ListenedToComponent
from thinc.api import Model

from ..pipeline_link import PipelineLink
from ..shared.listeners import ListenedTo

ANY = "*"


def upstream_names(tok2vec: Model[Any, Any]) -> list[str]:
    """Return the names of the components that a model's listeners listen to; "*" is any; none for other models."""
    return [name for node in tok2vec.walk() if (name := upstream_name(node)) is not None]


def describe_upstream(tok2vec: Model[Any, Any]) -> str:
    """Return what a model's vectors come from, as messages name it."""
    names = upstream_names(tok2vec)
    return f"component:{','.join(names)}" if names else f"layer:{tok2vec.name}"


def link_listeners(pipeline: PipelineLink, component: object) -> list[str] | None:
    """Tell the components of a pipeline of one that may listen to them, as spaCy does when it loads a pipeline.

    Returns the names of those before it that can be listened to; None if there is no pipeline any more. A
    `bert_encoder` is none of these: its heads need no vectors.
    """
    before = pipeline.before(component)
    if before is None:
        return None
    heard = [(name, other) for name, other in before if _gives_vectors(other)]
    for _, other in heard:
        other.find_listeners(component)
    return [name for name, _ in heard]


def _gives_vectors(component: object) -> TypeGuard[ListenedToComponent]:
    """Return whether a component gives those that listen to it vectors of tokens."""
    return isinstance(component, ListenedToComponent) and not isinstance(component, ListenedTo)


def upstream_name(node: Model[Any, Any]) -> str | None:
    """Return the name that a listener has of its upstream component: in an attribute, or in Thinc's."""
    return getattr(node, "upstream_name", None) or node.attrs.get("_upstream_name")
