"""A trained pipeline that a config builds on: what is kept of it, and what its components do."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from spacy.language import Language
from thinc.api import Model

from ..errors import Errors, InvalidError

OF_THE_NEW_PIPELINE = ("lang", "pipeline")
"""Settings of [nlp] that are not taken over as they are."""


@dataclass(frozen=True, slots=True)
class BaseComponent:
    """A component of the base.

    name: in the pipeline. factory: the name of its factory. folder: where it is saved. width: of the vectors that it
    gives tokens; None: it gives none. scores: the names of its scores. listeners: the components that read its vectors.
    """

    name: str
    factory: str
    folder: Path
    width: int | None
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
            self.component(name)
        kept = tuple(component for component in self.components if component.name not in names)
        left = {component.name for component in kept}
        for component in self.components:
            listeners = left.intersection(component.listeners)
            if component.name in names and listeners:
                raise InvalidError(Errors.E547.format(name=component.name, listeners=", ".join(sorted(listeners))))
        settings = {**self.settings, "disabled": [name for name in self.settings["disabled"] if name in left]}
        return replace(self, settings=settings, components=kept)

    def component(self, name: str) -> BaseComponent:
        """Return the component of a name. Raises ValueError if there is none."""
        for component in self.components:
            if component.name == name:
                return component
        reason = f"the pipeline '{self.name}' has {', '.join(self.names) or 'none'}"
        raise InvalidError(Errors.E544.format(name=name, reason=reason))

    def with_scores(self, scores: Collection[str]) -> list[str]:
        """Return the names of the components that have one of these scores."""
        return [component.name for component in self.components if not component.scores.isdisjoint(scores)]


def _component(nlp: Language, name: str) -> BaseComponent:
    pipe, meta = nlp.get_pipe(name), nlp.get_pipe_meta(name)
    model = getattr(pipe, "model", None)
    return BaseComponent(
        name,
        meta.factory,
        folder=Path(nlp.path or "") / name,
        width=model.maybe_get_dim("nO") if isinstance(model, Model) else None,
        scores=frozenset(meta.default_score_weights or {}),
        listeners=tuple(getattr(pipe, "listening_components", ())),
    )
