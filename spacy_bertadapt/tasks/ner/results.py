"""What `bert_ner` writes on a Doc, as a column of a table."""

from __future__ import annotations

from typing import Any

from ...planning.results import Results, entity_results


def ner_results(pipe: Any) -> Results:
    """Return the column of the entities."""
    return entity_results(lambda: pipe.score_extension)
