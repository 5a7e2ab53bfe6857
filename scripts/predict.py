"""Use a trained pipeline as an app would, and sum up what training gave: see `main`."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import spacy
import srsly
from spacy.language import Language
from spacy.tokens import DocBin
from wasabi import msg, table

from spacy_bertadapt.planning.task import Task
from spacy_bertadapt.tasks import get_task


def main(name: str, package: str, unseen: str, training: str, metrics: str, corpus: str) -> None:
    """Load an installed pipeline by name, print its predictions for texts it has never seen, and a summary.

    name: of the task. unseen: file of texts, one a line. training: folder of the training run. metrics: what
    `bertadapt evaluate` wrote. corpus: a .spacy file to time.
    """
    task, nlp = get_task(name), spacy.load(package)
    msg.divider(f"{package} on texts it has not seen")
    texts = Path(unseen).read_text(encoding="utf8").splitlines()
    rows = [(doc.text, *task.prediction(doc)) for doc in nlp.pipe(texts)]
    print(table(rows, header=("text", "prediction", "probability"), divider=True, max_col=100))
    msg.divider("Summary")
    print(table(summary(task, nlp, Path(training), Path(metrics), Path(corpus)), max_col=80))
    print("Next:")
    data = f"--train my_train{task.suffix} --dev my_dev{task.suffix}"
    print(f'  python -c \'import spacy; print(spacy.load("{package}")("{task.example}").{task.attribute})\'')
    print(f"  python -m spacy bertadapt init-config my.cfg --task {task.name} {data}")


def summary(task: Task, nlp: Language, training: Path, metrics: Path, corpus: Path) -> list[tuple[str, str]]:
    """Return score, training time, speed and place of a trained pipeline, as rows of a table."""
    score = srsly.read_json(metrics)[task.score.name]
    return [
        (f"score on test ({task.score.title})", f"{score:.3f}"),
        ("training time", training_time(training)),
        ("prediction", f"{texts_per_second(nlp, corpus):,.0f} texts/s"),
        ("pipeline", str(training / "model-best")),
        ("installed as", f"{nlp.meta['lang']}_{nlp.meta['name']} {nlp.meta['version']}"),
    ]


def training_time(training: Path) -> str:
    """Return how long training took, by its log."""
    steps = list(srsly.read_jsonl(training / "log.jsonl"))
    return f"{steps[-1]['seconds']} s for {steps[-1]['step']} steps"


def texts_per_second(nlp: Language, corpus: Path) -> float:
    """Return the speed of `nlp.pipe` over a corpus, after a warm-up."""
    texts = [doc.text for doc in DocBin().from_disk(corpus).get_docs(nlp.vocab)]
    list(nlp.pipe(texts[:50]))
    start = time.perf_counter()
    list(nlp.pipe(texts))
    return len(texts) / (time.perf_counter() - start)


if __name__ == "__main__":
    main(*sys.argv[1:])
