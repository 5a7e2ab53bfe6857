"""A component of pairs that another component stands on, which reads texts of its own."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

from spacy.tokens import Doc

from ..errors import Warnings
from ..pairs import PartNames, is_pair


class Shareable:
    """A component that others may stand on. While any do, it leaves Docs that are no pairs as they are."""

    _shared_by = 0
    _has_reported_texts = False

    def share(self) -> None:
        """Note that one more component stands on this one."""
        self._shared_by += 1

    def unshare(self) -> None:
        """Note that a component no longer stands on this one."""
        self._shared_by = max(0, self._shared_by - 1)

    def docs_to_read(self, docs: Sequence[Doc], parts: PartNames | None, name: str) -> Sequence[Doc]:
        """Return the Docs that the component reads: all, or of a shared component the pairs. Warns once of others.

        parts: the names of the parts of pairs; None: whole texts are read. name: the component's, for the warning.
        """
        if not self._shared_by or parts is None:
            return docs
        others = [doc for doc in docs if not is_pair(doc, parts)]
        if others and not self._has_reported_texts:
            self._has_reported_texts = True
            warnings.warn(Warnings.W310.format(name=name, text=others[0].text[:60]), stacklevel=2)
        return [doc for doc in docs if is_pair(doc, parts)]
