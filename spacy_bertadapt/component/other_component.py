"""Notes of the other components of a pipeline, for where these are not known, as in another process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from spacy.tokens import Doc

from ..pairs import PartNames, has_parts, is_pair

CATS = "doc.cats"


@dataclass(frozen=True, slots=True)
class OtherComponent:
    """A note of a component, made when another one of its pipeline was pickled.

    assigns: the attributes that it writes, as its factory declares. runs: whether it was not disabled. labels: those
    that it writes into `doc.cats`. parts: the span groups of its pairs, if it reads pairs alone. others: those of other
    components that read pairs.
    """

    assigns: frozenset[str]
    runs: bool
    labels: tuple[str, ...]
    parts: PartNames | None
    others: tuple[PartNames, ...]

    @property
    def reads_pairs(self) -> bool:
        """Whether it reads pairs alone."""
        return self.parts is not None

    def reads(self, doc: Doc) -> bool:
        """Return whether a Doc is a pair, and not that of another component: see `PairPipe.reads`."""
        if self.parts is None or not is_pair(doc, self.parts):
            return False
        return has_parts(doc, self.parts) or not any(has_parts(doc, other) for other in self.others)


def note_components(components: Sequence[tuple[object, frozenset[str], bool]]) -> list[OtherComponent]:
    """Return what is to be known of components, of each with what it assigns, and whether it runs."""
    parts = [_parts_of(component) for component, _, _ in components]
    of_running = {pair for pair, (_, _, runs) in zip(parts, components, strict=True) if pair is not None and runs}
    return [
        OtherComponent(
            assigns=assigns,
            runs=runs,
            labels=tuple(getattr(component, "labels", ())) if CATS in assigns else (),
            parts=own,
            others=tuple(sorted(of_running - {own})),
        )
        for own, (component, assigns, runs) in zip(parts, components, strict=True)
    ]


def _parts_of(component: object) -> PartNames | None:
    """Return the span groups of a component that reads pairs alone; None for any other."""
    return getattr(component, "parts", None) if getattr(component, "reads_pairs", False) else None
