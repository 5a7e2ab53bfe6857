"""What `bert_spancat` writes on a Doc, as a column of a table."""

from __future__ import annotations

from typing import Any

from ...planning.results import Results, span_results


def spancat_results(pipe: Any) -> Results:
    """Return the column of the spans."""
    return span_results(lambda: pipe.spans_key)
