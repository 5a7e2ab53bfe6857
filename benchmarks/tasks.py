"""What the benchmarks train on: data, and what a config says of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data import Rows, read_cats, read_sick, read_sst2
from spacy import util
from thinc.api import Config

HERE = Path(__file__).parent
SICK_COLUMNS = {"premise": "sentence_A", "hypothesis": "sentence_B", "label": "entailment_judgment"}


@dataclass(frozen=True)
class Task:
    """A data set and the component that learns it.

    train, dev: file names. read: the rows of a file, for the peer and for scoring. factory: the component.
    settings: of the component. reader: the corpus, without its path. exclusive: one label an example.
    """

    train: str
    dev: str
    read: Callable[[Path], Rows]
    factory: str
    settings: dict[str, Any]
    reader: dict[str, Any]
    exclusive: bool = True

    def config(self, precision: str) -> Config:
        """The recipe with the task's component and corpora."""
        config = util.load_config(HERE / "recipe.cfg", interpolate=False)
        config["nlp"]["pipeline"] = [self.factory]
        encoder = {"@misc": "spacy-bertadapt.Encoder.v1", "name": "${paths.encoder}"}
        model = {"@architectures": "spacy-bertadapt.SequenceClassifier.v1", "precision": precision, "encoder": encoder}
        config["components"] = {self.factory: {"factory": self.factory, "model": model, **self.settings}}
        config["corpora"] = {part: {**self.reader, "path": f"${{paths.{part}}}"} for part in ("train", "dev")}
        return config


TEXTCAT = {"@readers": "spacy-bertadapt.TextcatCorpus.v1"}
TASKS = {
    "sst2": Task(
        "sst2_train.tsv",
        "sst2_dev.tsv",
        read_sst2,
        "bert_textcat",
        {"max_windows": 1},
        {**TEXTCAT, "text": 0, "label": 1},
    ),
    "cooking": Task(
        "cooking_train.jsonl",
        "cooking_dev.jsonl",
        read_cats,
        "bert_textcat",
        {"exclusive": False, "long_text": "first"},
        TEXTCAT,
        exclusive=False,
    ),
    "sick": Task(
        "sick_train.txt",
        "sick_test.txt",
        read_sick,
        "bert_nli",
        {},
        {"@readers": "spacy-bertadapt.PairCorpus.v1", **SICK_COLUMNS},
    ),
}
