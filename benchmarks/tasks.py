"""The data sets that the benchmarks train on: their task, what a config says of them, and how both sides are scored."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from spacy import util
from spacy.language import Language
from spacy.tokens import Doc
from thinc.api import Config

from spacy_bertadapt import make_pair_doc
from spacy_bertadapt.tasks import get_task

from .data import read_answerable, read_cats, read_conll, read_sick, read_spans, read_squad, read_sst2
from .scores import answer_scores, classification_scores, entity_scores, span_scores

HERE = Path(__file__).parent
SICK_COLUMNS = {"premise": "sentence_A", "hypothesis": "sentence_B", "label": "entailment_judgment"}

PeerTask = Literal["sequence-classification", "token-classification", "question-answering"]


@dataclass(frozen=True)
class DataSet:
    """Data, and how the component of its task learns it.

    task: the name of the task. train, dev: file names. read: returns the rows of a file: what goes in, and gold.
    scores: compares a pipeline with the rows of a file, by the code that scores the peer too. peer: the task that
    Transformers' Trainer is given; None: it has none like it. settings: those of the component.
    reader: settings of the task's corpus. exclusive: whether an example has exactly one label. pool: how many batches
    are drawn before they are sorted by length.
    """

    task: str
    train: str
    dev: str
    read: Callable[[Path], list[tuple[Any, Any]]]
    scores: Callable[[DataSet, Language, list], dict[str, float]]
    peer: PeerTask | None = None
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


def bio_tags(doc: Doc) -> list[str]:
    """Return the BIO tag of each token, as `doc.ents` says."""
    return [f"{token.ent_iob_}-{token.ent_type_}" if token.ent_type_ else "O" for token in doc]


def _class_scores(data_set: DataSet, nlp: Language, rows: list) -> dict[str, float]:
    labels = list(rows[0][1])
    docs = (text if isinstance(text, str) else make_pair_doc(nlp, *text, "nli") for text, _ in rows)
    values = np.array([[doc.cats[label] for label in labels] for doc in nlp.pipe(docs)])
    gold = np.array([[cats[label] for label in labels] for _, cats in rows])
    return classification_scores(values, gold, exclusive=data_set.exclusive)


def _entity_scores(data_set: DataSet, nlp: Language, rows: list) -> dict[str, float]:
    docs = nlp.pipe(Doc(nlp.vocab, words=words) for words, _ in rows)
    return entity_scores([bio_tags(doc) for doc in docs], [gold for _, gold in rows])


def _span_scores(data_set: DataSet, nlp: Language, rows: list) -> dict[str, float]:
    docs = nlp.pipe(Doc(nlp.vocab, words=words) for words, _ in rows)
    spans = [{(span.start, span.end, span.label_) for span in doc.spans["sc"]} for doc in docs]
    return span_scores(spans, [gold for _, gold in rows])


def _spans_as_entities(data_set: DataSet, nlp: Language, rows: list) -> dict[str, float]:
    return {"ents_f": _span_scores(data_set, nlp, rows)["f1"]}


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
        peer="sequence-classification",
        settings={"max_windows": 1},
        reader={"text": 0, "label": 1},
    ),
    "cooking": DataSet(
        "textcat",
        "cooking_train.jsonl",
        "cooking_dev.jsonl",
        read_cats,
        _class_scores,
        peer="sequence-classification",
        settings={"exclusive": False, "long_text": "first"},
        exclusive=False,
    ),
    "sick": DataSet(
        "nli",
        "sick_train.txt",
        "sick_test.txt",
        read_sick,
        _class_scores,
        peer="sequence-classification",
        reader=SICK_COLUMNS,
    ),
    "wnut": DataSet(
        "ner",
        "wnut_train.conll",
        "wnut_test.conll",
        read_conll,
        _entity_scores,
        peer="token-classification",
        reader={"gold_preproc": True},
    ),
    "wnut-spans": DataSet(
        "spancat", "wnut_train.conll", "wnut_test.conll", read_spans, _spans_as_entities, reader={"gold_preproc": True}
    ),
    "genia": DataSet(
        "spancat", "genia_train.iob2", "genia_eval.iob2", read_spans, _span_scores, reader={"gold_preproc": True}
    ),
    "squad-answerable": DataSet(
        "qa",
        "squad2_train.json",
        "squad2_eval.json",
        read_answerable,
        _answer_scores,
        peer="question-answering",
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
        peer="question-answering",
        settings={"stride": 128},
        pool=20,
    ),
}
