"""The base of components that read pairs of texts, beside others that read texts, or other pairs."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, ClassVar

from spacy.tokens import Doc

from ..errors import DoesNotFit, Warnings
from ..pairs import PartNames, has_parts, is_pair
from .base import BertPipe, Predictions, Targets, Texts

TEXT_ANNOTATIONS = frozenset({"doc.cats", "doc.ents", "doc.spans"})
"""The attributes that components of the tasks that read texts write, spaCy's own too."""


def reads_pairs(component: object) -> bool:
    """Return whether a component, ours or not, reads pairs alone."""
    return bool(getattr(component, "reads_pairs", False))


class PairPipe(BertPipe[Texts, Targets, Predictions]):
    """Annotates pair Docs. In a pipeline where others annotate texts, it passes over Docs that are no pairs.

    It also passes over pairs that are those of another component by their span groups, or that it can't hold.
    """

    parts: ClassVar[PartNames]
    _has_reported_texts = False
    _has_reported_misfits = False

    @property
    def reads_pairs(self) -> bool:
        """Whether it reads pairs alone."""
        return True

    @property
    def passes_over_texts(self) -> bool:
        """Whether Docs that are no pairs are left to another component of the pipeline."""
        return any(not reads_pairs(other) for other in self._pipeline.writers(TEXT_ANNOTATIONS, running=True))

    def reads(self, doc: Doc) -> bool:
        """Return whether a Doc is a pair, and not that of another component of the pipeline."""
        return has_parts(doc, self.parts) or (is_pair(doc, self.parts) and not self._is_pair_of_another(doc))

    def docs_to_read(self, docs: Sequence[Doc]) -> Sequence[Doc]:
        """Return Docs without those that are left to others. Warns once of such texts."""
        own = [doc for doc in docs if self.reads(doc)]
        if len(own) < len(docs):
            left = [doc for doc in docs if not self.reads(doc)]
            texts = [doc for doc in left if not self._is_pair_of_another(doc)]
            if texts and self.passes_over_texts:
                self._report(texts[0])
            elif texts:
                own = [doc for doc in docs if not self._is_pair_of_another(doc)]
        return own

    def _annotate(self, docs: Sequence[Doc]) -> None:
        """Predict Docs, and annotate them, but for those that are left to others."""
        self._annotate_pairs(self.docs_to_read(docs))

    def _annotate_pairs(self, docs: Sequence[Doc]) -> None:
        """Annotate Docs, but for pairs that it can't hold and that may be another component's. Warns once of these."""
        while docs:
            try:
                super()._annotate(docs)
            except DoesNotFit as err:
                misfit = docs[err.text]
                if has_parts(misfit, self.parts) or not self._others_of_pairs():
                    raise
                self._report_misfit(misfit)
                docs = [doc for doc in docs if doc is not misfit]
            else:
                return

    def _others_of_pairs(self) -> list[Any]:
        """Return the other components of the pipeline that read pairs alone, and are not disabled."""
        return [other for other in self._pipeline.running_beside(self) if reads_pairs(other)]

    def _is_pair_of_another(self, doc: Doc) -> bool:
        """Return whether a Doc has the span groups of another component, and not its own."""
        if not doc.spans or has_parts(doc, self.parts):
            return False
        return any(has_parts(doc, other.parts) for other in self._others_of_pairs())

    def _report(self, text: Doc) -> None:
        if not self._has_reported_texts:
            self._has_reported_texts = True
            warnings.warn(Warnings.W310.format(name=self.name, text=text.text[:60]), stacklevel=3)

    def _report_misfit(self, pair: Doc) -> None:
        if not self._has_reported_misfits:
            self._has_reported_misfits = True
            first, second = self.parts
            message = Warnings.W370.format(name=self.name, text=pair.text[:60], first=first, second=second)
            warnings.warn(message, stacklevel=4)
