"""A pipeline as a server holds it: its rows, its schemas, and what is said of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from spacy.language import Language

from ...component.network_component import NetworkComponent
from ...evaluation.pipelines import load_pipeline
from ...files import read_saved
from ..rows import PipelineRows
from .job import Answer, Row
from .schemas import Schemas

CHARACTERS_OF_A_SUBWORD = 4  # in English; of Chinese about 1, which makes a batch of several passes through the network
CHARACTERS_WITHOUT_A_NETWORK = 8192
WARM_UP = (1, 8)  # texts


class ServedPipeline:
    """A pipeline that answers requests. It has predicted an example, so that it is warm."""

    def __init__(self, nlp: Language):
        """Take a pipeline, and warm it up. Raises ValueError if it writes nothing that could be answered."""
        self._nlp = nlp
        self._rows = PipelineRows(nlp)
        self.schemas = Schemas(self._rows.inputs, self._rows.outputs)
        for count in WARM_UP:
            answers = self.predict([self.schemas.example] * count)
        self.schemas.example_answer = answers[0]

    def predict(self, rows: Sequence[Row]) -> list[Answer]:
        """Return the answer to each row; the `error` of one that failed says why. Raises RuntimeError if all fail."""
        return self._rows.predict(rows)

    @property
    def batch_characters(self) -> int:
        """How many characters fit into one pass through the network, about."""
        pipes = [pipe for _, pipe in self._nlp.pipeline if isinstance(pipe, NetworkComponent)]
        budgets = [pipe.runner.budget.subwords for pipe in pipes]
        return CHARACTERS_OF_A_SUBWORD * max(budgets) if budgets else CHARACTERS_WITHOUT_A_NETWORK

    @property
    def name(self) -> str:
        """The pipeline's language and name, as those of a package."""
        return f"{self._nlp.meta['lang']}_{self._nlp.meta['name']}"

    @property
    def version(self) -> str:
        """The pipeline's version."""
        return str(self._nlp.meta["version"])

    def info(self) -> dict[str, Any]:
        """Return what `GET /info` says of the pipeline."""
        meta = self._nlp.meta
        return {
            **{key: meta[key] for key in ("lang", "name", "version", "description")},
            "components": list(self._nlp.pipe_names),
            "labels": {name: list(labels) for name, labels in self._nlp.pipe_labels.items() if labels},
            "inputs": list(self._rows.inputs),
            "outputs": list(self._rows.outputs),
        }


def load_served(name: str, overrides: Mapping[str, Any]) -> ServedPipeline:
    """Return a pipeline, ready to answer. From a folder, it is one save, also if it is replaced meanwhile.

    name: of an installed package, or a directory. overrides: settings of its config by dotted name.
    Raises FileNotFoundError for a pipeline that is not there or not whole, ValueError for one that can't be used.
    """
    settings = dict(overrides)
    if Path(name).is_dir():
        return ServedPipeline(read_saved(Path(name), lambda folder: load_pipeline(str(folder), settings)))
    return ServedPipeline(load_pipeline(name, settings))
