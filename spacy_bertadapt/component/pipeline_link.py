"""The link of a component to the pipeline that it was made for."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence, Set
from itertools import takewhile
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import set_dot_to_object

from .other_component import OtherComponent, note_components


class PipelineLink:
    """A weak link to a pipeline: it keeps none alive. Pickled, it holds what was noted of the other components.

    A component that another pipeline takes over by `source=` keeps its link, as spaCy does not tell it.
    """

    def __init__(self, nlp: Language | None = None, noted: Sequence[OtherComponent] = ()):
        """nlp: the pipeline; None: there is none. noted: of the other components, where they are not known."""
        self._nlp = None if nlp is None else weakref.ref(nlp)
        self._noted = tuple(noted)

    def note_others(self, component: object) -> None:
        """Note what has to be known of the components beside one where it is pickled to."""
        nlp = self._pipeline
        if nlp is not None:
            running = {id(other) for _, other in nlp.pipeline}
            rows = [
                (other, frozenset(nlp.get_pipe_meta(name).assigns), id(other) in running)
                for name, other in nlp.components
            ]
            noted = note_components(rows)
            self._noted = tuple(note for note, row in zip(noted, rows, strict=True) if row[0] is not component)

    @property
    def tokenizer(self) -> Callable[[str], Doc] | None:
        """The tokenizer that the pipeline has now; None if there is no pipeline any more."""
        nlp = self._pipeline
        return None if nlp is None else nlp.tokenizer

    def find(self, name: str) -> object | None:
        """Return the component of a name; None if there is none, or no pipeline any more."""
        nlp = self._pipeline
        return nlp.get_pipe(name) if nlp is not None and name in nlp.component_names else None

    @property
    def names(self) -> list[str]:
        """The names of the components."""
        nlp = self._pipeline
        return [] if nlp is None else list(nlp.component_names)

    @property
    def components(self) -> list[object]:
        """The components, disabled ones too."""
        nlp = self._pipeline
        return [] if nlp is None else [component for _, component in nlp.components]

    @property
    def running(self) -> list[object] | None:
        """The components that are not disabled; None if there is no pipeline any more."""
        nlp = self._pipeline
        return None if nlp is None else [component for _, component in nlp.pipeline]

    def running_beside(self, component: object) -> list[Any]:
        """The components that are not disabled, but for one; or what was noted of them."""
        running = self.running
        if running is None:
            return [other for other in self._noted if other.runs]
        return [other for other in running if other is not component]

    def before(self, component: object) -> list[tuple[str, object]] | None:
        """The components before one, disabled ones too, with their names; None if there is no pipeline any more."""
        nlp = self._pipeline
        return None if nlp is None else list(takewhile(lambda row: row[1] is not component, nlp.components))

    def read(self, texts: Sequence[str], *, before: object) -> list[Doc] | None:
        """Return Docs of texts, as they are before a component's turn; None if there is no pipeline any more."""
        nlp = self._pipeline
        if nlp is None:
            return None
        docs = [nlp.make_doc(text) for text in texts]
        for _, other in takewhile(lambda row: row[1] is not before, nlp.pipeline):
            docs = list(other.pipe(docs)) if hasattr(other, "pipe") else [other(doc) for doc in docs]
        return docs

    def writers(self, attributes: Set[str], *, running: bool = False) -> list[Any]:
        """Return the components whose factories declare that they assign one of some attributes, such as `doc.cats`.

        Where the pipeline is not known, that is what was noted of them. running: without the disabled ones.
        """
        nlp = self._pipeline
        if nlp is None:
            return [other for other in self._noted if attributes & other.assigns and (other.runs or not running)]
        named = nlp.pipeline if running else nlp.components
        return [component for name, component in named if attributes & set(nlp.get_pipe_meta(name).assigns)]

    def is_disabled(self, component: object) -> bool:
        """Return whether a component is in the pipeline, but does not run."""
        running = self.running
        return running is not None and any(other is component for other in _without(self.components, running))

    def write_config(self, component: object, setting: str, value: Any) -> None:
        """Write a component's setting into the pipeline's config, so that `nlp.config` says what holds.

        setting: its name, with dots between the names of blocks around it.
        """
        nlp = self._pipeline
        if nlp is None:
            return
        for name, other in nlp.components:
            if other is component:
                set_dot_to_object(
                    nlp.get_pipe_config(name), setting, list(value) if isinstance(value, tuple) else value
                )

    @property
    def _pipeline(self) -> Language | None:
        return None if self._nlp is None else self._nlp()

    def __reduce__(self) -> tuple[type[PipelineLink], tuple[None, tuple[OtherComponent, ...]]]:
        return PipelineLink, (None, self._noted)

    def __deepcopy__(self, memo: dict[int, Any]) -> PipelineLink:
        """Return a link to the copy of the pipeline, if that is what is being copied."""
        return PipelineLink(memo.get(id(self._pipeline)), self._noted)


def _without(components: list[object], others: list[object]) -> list[object]:
    """Return those components that are none of some others."""
    known = {id(component) for component in others}
    return [component for component in components if id(component) not in known]
