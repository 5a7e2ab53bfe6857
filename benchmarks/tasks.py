"""The data sets that the benchmarks train on: their task, what a config says of them, and how both sides are scored."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from data import read_answerable, read_cats, read_conll, read_sick, read_squad, read_sst2
from scores import answer_scores, classification_scores, entity_scores
from spacy import util
from spacy.language import Language
from spacy.tokens import Doc
from thinc.api import Config

from spacy_bertadapt import make_pair_doc
from spacy_bertadapt.tasks import get_task

HERE = Path(__file__).parent
SICK_COLUMNS = {"premise": "sentence_A", "hypothesis": "sentence_B", "label": "entailment_judgment"}


@dataclass(frozen=True)
class DataSet:
    """Data, and how the component of its task learns it.

    task: by name. train, dev: file names. read: returns the rows of a file: what goes in, and gold. scores: compares
    a pipeline with the rows of a file, by the code that scores the peer too. settings: of the component.
    reader: settings of the task's corpus. exclusive: one label an example. pool: batches that are drawn before they
    are sorted by length.
    """

    task: str
    train: str
    dev: str
    read: Callable[[Path], list[tuple[Any, Any]]]
    scores: Callable[[DataSet, Language, list], dict[str, float]]
    settings: dict[str, Any] = field(default_factory=dict)
    reader: dict[str, Any] = field(default_factory=dict)
    exclusive: bool = True
    pool: int = 100

    @property
    def factory(self) -> str:
        """The factory of the component, which is also its name."""
        return get_task(self.task).factory

    def config(self, precision: str) -> Config:
        """Return the recipe with the task's component and corpora."""
        task = get_task(self.task)
        config = util.load_config(HERE / "recipe.cfg", interpolate=False)
        config["nlp"]["pipeline"] = [task.factory]
        encoder = {"@misc": "spacy-bertadapt.Encoder.v1", "name": "${paths.encoder}"}
        architecture = task.defaults["model"]["@architectures"]
        model = {"@architectures": architecture, "precision": precision, "encoder": encoder}
        config["components"] = {task.factory: {"factory": task.factory, "model": model, **self.settings}}
        config["training"]["batcher"]["pool"] = self.pool
        reader = {"@readers": task.reader, **self.reader}
        config["corpora"] = {part: {**reader, "path": f"${{paths.{part}}}"} for part in ("train", "dev")}
        return config

    def score(self, nlp: Language, path: Path) -> dict[str, float]:
        """Return the scores of a pipeline on a file."""
        return self.scores(self, nlp, self.read(path))


def _class_scores(data_set: DataSet, nlp: Language, rows: list) -> dict[str, float]:
    labels = list(rows[0][1])
    docs = (text if isinstance(text, str) else make_pair_doc(nlp, *text, "nli") for text, _ in rows)
    values = np.array([[doc.cats[label] for label in labels] for doc in nlp.pipe(docs)])
    gold = np.array([[cats[label] for label in labels] for _, cats in rows])
    return classification_scores(values, gold, exclusive=data_set.exclusive)


def _entity_scores(data_set: DataSet, nlp: Language, rows: list) -> dict[str, float]:
    docs = nlp.pipe(Doc(nlp.vocab, words=words) for words, _ in rows)
    tags = [[f"{t.ent_iob_}-{t.ent_type_}" if t.ent_type_ else "O" for t in doc] for doc in docs]
    return entity_scores(tags, [gold for _, gold in rows])


def _answer_scores(data_set: DataSet, nlp: Language, rows: list) -> dict[str, float]:
    docs = nlp.pipe(make_pair_doc(nlp, *pair, "qa") for pair, _ in rows)
    answers = [doc.spans["answers"][0].text if doc.spans["answers"] else "" for doc in docs]
    return answer_scores(answers, [[text for _, text in gold] for _, gold in rows])


DATA_SETS = {
    "sst2": DataSet(
        "textcat",
        "sst2_train.tsv",
        "sst2_dev.tsv",
        read_sst2,
        _class_scores,
        settings={"max_windows": 1},
        reader={"text": 0, "label": 1},
    ),
    "cooking": DataSet(
        "textcat",
        "cooking_train.jsonl",
        "cooking_dev.jsonl",
        read_cats,
        _class_scores,
        settings={"exclusive": False, "long_text": "first"},
        exclusive=False,
    ),
    "sick": DataSet("nli", "sick_train.txt", "sick_test.txt", read_sick, _class_scores, reader=SICK_COLUMNS),
    "wnut": DataSet(
        "ner", "wnut_train.conll", "wnut_test.conll", read_conll, _entity_scores, reader={"gold_preproc": True}
    ),
    "squad-answerable": DataSet(
        "qa",
        "squad2_train.json",
        "squad2_eval.json",
        read_answerable,
        _answer_scores,
        settings={"stride": 128, "no_answer_threshold": 1.0},
        reader={"answerable_only": True},
        pool=20,
    ),
    "squad": DataSet(
        "qa",
        "squad2_train.json",
        "squad2_eval.json",
        read_squad,
        _answer_scores,
        settings={"stride": 128},
        pool=20,
    ),
}
