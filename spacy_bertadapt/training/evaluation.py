"""The evaluations of a training: each process predicts its part of the texts, and the first one scores them all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from timeit import default_timer as timer
from typing import Any

import numpy as np
from spacy.language import Language
from spacy.scorer import Scorer
from spacy.tokens import Doc, DocBin
from spacy.training import Example
from spacy.training import loop as spacy_loop
from thinc.util import convert_recursive

from ..learning.processes import Processes
from .batches import Corpus
from .random_states import RandomStates


class Evaluation:
    """Scores a pipeline as `spacy train` does: with the weights of `[training.score_weights]`."""

    def __init__(self, nlp: Language, corpus: Corpus, weights: dict[str, float], processes: Processes):
        """corpus: of the texts, which all processes read."""
        self.pipe_names = nlp.pipe_names
        self._nlp, self._corpus, self._processes = nlp, corpus, processes
        scored: Any = nlp if processes.count == 1 else self
        self._score = spacy_loop.create_evaluation_callback(scored, lambda _: corpus(nlp), weights)

    def __call__(self) -> tuple[float, dict[str, Any]]:
        """Return the main score and all scores, the same in all processes. Raises what spaCy raises for scores."""
        if self._processes.count == 1:
            return self._score()
        states = RandomStates.now()
        if self._processes.is_first:
            result: Any = self._score()
        else:
            result = self.evaluate(self._corpus(self._nlp))
        score, scores = self._processes.tell(result)
        states.set()  # batches are drawn alike in all processes, whatever was drawn here
        return score, scores

    def evaluate(self, examples: Iterable[Example]) -> dict[str, Any]:
        """Return all scores, as `nlp.evaluate` does; in other processes than the first: nothing."""
        start = timer()
        scored = [Example(example.predicted.copy(), example.reference) for example in examples]
        own = scored[self._processes.rank :: self._processes.count]
        content = _as_bytes(self._nlp.pipe([example.predicted for example in own]))
        (has_failed,) = self._processes.any(content is None)
        if has_failed or content is None:
            return self._nlp.evaluate(scored) if self._processes.is_first else {}
        parts = [DocBin(store_user_data=True).from_bytes(part) for part in self._processes.gather(content)]
        if not parts:
            return {}
        for number, part in enumerate(parts):
            _take(scored[number :: self._processes.count], list(part.get_docs(self._nlp.vocab)))
        speed = sum(len(example.predicted) for example in scored) / (timer() - start)
        scores = {**Scorer(nlp=self._nlp).score(scored), "speed": speed}
        return convert_recursive(lambda value: isinstance(value, np.floating), float, scores)  # as nlp.evaluate does


def _as_bytes(docs: Iterable[Doc]) -> bytes | None:
    """Return Docs as they can be sent; None if they hold what can't be, in an extension of somebody's."""
    try:
        return DocBin(store_user_data=True, docs=docs).to_bytes()
    except TypeError:
        return None


def _take(examples: Sequence[Example], docs: Sequence[Doc]) -> None:
    for example, doc in zip(examples, docs, strict=True):
        example.predicted = doc
