"""What the benchmarks train on: data, what a config says of it, and how both sides are scored."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
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

HERE = Path(__file__).parent
SICK_COLUMNS = {"premise": "sentence_A", "hypothesis": "sentence_B", "label": "entailment_judgment"}


@dataclass(frozen=True)
class Task:
    """A data set and the component that learns it.

    train, dev: file names. read: the rows of a file: what goes in, and gold. factory: the component.
    settings: of the component. reader: the corpus, without its path. exclusive: one label an example.
    pool: batches that are drawn before they are sorted by length.
    """

    train: str
    dev: str
    read: Callable[[Path], list[tuple[Any, Any]]]
    factory: str
    settings: dict[str, Any]
    reader: dict[str, Any]
    exclusive: bool = True
    pool: int = 100

    def config(self, precision: str) -> Config:
        """The recipe with the task's component and corpora."""
        config = util.load_config(HERE / "recipe.cfg", interpolate=False)
        config["nlp"]["pipeline"] = [self.factory]
        encoder = {"@misc": "spacy-bertadapt.Encoder.v1", "name": "${paths.encoder}"}
        model = {"@architectures": ARCHITECTURES[self.factory], "precision": precision, "encoder": encoder}
        config["components"] = {self.factory: {"factory": self.factory, "model": model, **self.settings}}
        config["training"]["batcher"]["pool"] = self.pool
        config["corpora"] = {part: {**self.reader, "path": f"${{paths.{part}}}"} for part in ("train", "dev")}
        return config

    def score(self, nlp: Language, path: Path) -> dict[str, float]:
        """Scores of a pipeline, by the code that scores the peer too."""
        return SCORES[self.factory](self, nlp, self.read(path))


def _class_scores(task: Task, nlp: Language, rows: list) -> dict[str, float]:
    labels = list(rows[0][1])
    docs = (text if isinstance(text, str) else make_pair_doc(nlp, *text, "nli") for text, _ in rows)
    values = np.array([[doc.cats[label] for label in labels] for doc in nlp.pipe(docs)])
    gold = np.array([[cats[label] for label in labels] for _, cats in rows])
    return classification_scores(values, gold, exclusive=task.exclusive)


def _entity_scores(task: Task, nlp: Language, rows: list) -> dict[str, float]:
    docs = nlp.pipe(Doc(nlp.vocab, words=words) for words, _ in rows)
    found = [[f"{t.ent_iob_}-{t.ent_type_}" if t.ent_type_ else "O" for t in doc] for doc in docs]
    return entity_scores(found, [tags for _, tags in rows])


def _answer_scores(task: Task, nlp: Language, rows: list) -> dict[str, float]:
    docs = nlp.pipe(make_pair_doc(nlp, *pair, "qa") for pair, _ in rows)
    found = [doc.spans["answers"][0].text if doc.spans["answers"] else "" for doc in docs]
    return answer_scores(found, [[text for _, text in answers] for _, answers in rows])


SCORES: dict[str, Callable[[Task, Language, list], dict[str, float]]] = {
    "bert_textcat": _class_scores,
    "bert_nli": _class_scores,
    "bert_ner": _entity_scores,
    "bert_qa": _answer_scores,
}
ARCHITECTURES = {
    "bert_textcat": "spacy-bertadapt.SequenceClassifier.v1",
    "bert_nli": "spacy-bertadapt.SequenceClassifier.v1",
    "bert_ner": "spacy-bertadapt.TokenClassifier.v1",
    "bert_qa": "spacy-bertadapt.AnswerFinder.v1",
}
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
    "wnut": Task(
        "wnut_train.conll",
        "wnut_test.conll",
        read_conll,
        "bert_ner",
        {},
        {"@readers": "spacy-bertadapt.ConllCorpus.v1", "gold_preproc": True},
    ),
    "squad-answerable": Task(
        "squad2_train.json",
        "squad2_eval.json",
        read_answerable,
        "bert_qa",
        {"stride": 128, "no_answer_threshold": 1.0},
        {"@readers": "spacy-bertadapt.SquadCorpus.v1", "answerable_only": True},
        pool=20,
    ),
    "squad": Task(
        "squad2_train.json",
        "squad2_eval.json",
        read_squad,
        "bert_qa",
        {"stride": 128},
        {"@readers": "spacy-bertadapt.SquadCorpus.v1"},
        pool=20,
    ),
}
