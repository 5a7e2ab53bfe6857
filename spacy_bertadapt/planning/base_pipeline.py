"""A trained pipeline that a config builds on: what is kept of it, and what its components do."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from spacy.language import Language

from ..errors import Errors, InvalidError

OF_THE_NEW_PIPELINE = ("lang", "pipeline")
"""Settings of [nlp] that are not taken over as they are."""


@dataclass(frozen=True, slots=True)
class BaseComponent:
    """A component of the base.

    name: in the pipeline. scores: the names of its scores. listeners: the components that read its vectors.
    """

    name: str
    scores: frozenset[str]
    listeners: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BasePipeline:
    """A pipeline whose components go into a new one as they are.

    name: of an installed package, or a directory. lang: code of its language. settings: those of [nlp] that are kept,
    such as its tokenizer. components: all of them in their order, disabled ones too.
    """

    name: str
    lang: str
    settings: Mapping[str, Any]
    components: tuple[BaseComponent, ...]

    @classmethod
    def of(cls, name: str, nlp: Language) -> BasePipeline:
        """Describe a loaded pipeline. name: the one that it was loaded by."""
        settings = {key: value for key, value in nlp.config["nlp"].items() if key not in OF_THE_NEW_PIPELINE}
        components = tuple(_component(nlp, component) for component in nlp.component_names)
        return cls(name, nlp.meta["lang"], settings, components)

    @property
    def names(self) -> list[str]:
        """The names of the components."""
        return [component.name for component in self.components]

    def without(self, names: Collection[str]) -> BasePipeline:
        """Return the pipeline less some components.

        Raises ValueError for a component that it doesn't have, and for one that another component listens to.
        """
        for name in names:
            self.check_has(name)
        kept = tuple(component for component in self.components if component.name not in names)
        left = {component.name for component in kept}
        for component in self.components:
            deaf = left.intersection(component.listeners)
            if component.name in names and deaf:
                raise InvalidError(Errors.E547.format(name=component.name, listeners=", ".join(sorted(deaf))))
        settings = {**self.settings, "disabled": [name for name in self.settings["disabled"] if name in left]}
        return replace(self, settings=settings, components=kept)

    def check_has(self, name: str) -> None:
        """Raise ValueError for a component that the pipeline doesn't have."""
        if name not in self.names:
            reason = f"the pipeline '{self.name}' has {', '.join(self.names) or 'none'}"
            raise InvalidError(Errors.E544.format(name=name, reason=reason))

    def with_scores(self, scores: Collection[str]) -> list[str]:
        """Return the names of the components that have one of these scores."""
        return [component.name for component in self.components if not component.scores.isdisjoint(scores)]


def _component(nlp: Language, name: str) -> BaseComponent:
    scores = nlp.get_pipe_meta(name).default_score_weights or {}
    listeners = getattr(nlp.get_pipe(name), "listening_components", ())
    return BaseComponent(name, frozenset(scores), tuple(listeners))
