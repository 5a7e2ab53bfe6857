"""What spaCy's own components write on a Doc, as columns of a table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..planning.results import Results, entity_results, span_results
from ..tasks.categories.results import label_results, labels_results


def _entities(pipe: Any) -> Results:
    return entity_results(lambda: None)


def _one_label(pipe: Any) -> Results:
    return label_results(lambda: pipe.labels)


def _several_labels(pipe: Any) -> Results:
    return labels_results(lambda: pipe.labels, lambda: pipe.cfg.get("threshold"))


def _spans(pipe: Any) -> Results:
    return span_results(lambda: pipe.key)


SPACY_RESULTS: dict[str, Callable[[Any], Results]] = {
    "ner": _entities,
    "beam_ner": _entities,
    "entity_ruler": _entities,
    "textcat": _one_label,
    "textcat_multilabel": _several_labels,
    "spancat": _spans,
    "spancat_singlelabel": _spans,
}
"""By the name of the factory: a function from a component to its columns."""
