"""Use a trained pipeline as an app would, and sum up what training gave: see `main`."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import spacy
import srsly
from spacy.tokens import DocBin
from wasabi import msg, table

UNSEEN = [
    "The tracking page says delivered, but there is nothing in front of my door.",
    "You took the money from my account two times for one order!",
    "I'd like to send the jacket back, it is too small.",
    "hi, cant log in since yesterday, the reset mail never comes",
    "Just wanted to say your team was lovely on the phone today.",
]


def main(package: str, training: str, metrics: str, corpus: str) -> None:
    """Load an installed pipeline by name, print its predictions for texts it has never seen, and a summary.

    training: folder of the training run. metrics: what `spacy evaluate` wrote. corpus: a .spacy file to time.
    """
    nlp = spacy.load(package)
    msg.divider(f"{package} on texts it has not seen")
    rows = []
    for doc in nlp.pipe(UNSEEN):
        label, probability = max(doc.cats.items(), key=lambda item: item[1])
        rows.append((doc.text, label, f"{probability:.2f}"))
    print(table(rows, header=("text", "label", "probability"), divider=True, max_col=80))
    msg.divider("Summary")
    print(table(summary(nlp, Path(training), Path(metrics), Path(corpus)), max_col=80))
    print("Next:")
    print(f'  python -c \'import spacy; print(spacy.load("{package}")("Where is my parcel?").cats)\'')
    print("  python -m spacy bertadapt init-config my.cfg --train my_train.csv --dev my_dev.csv")


def summary(nlp: spacy.language.Language, training: Path, metrics: Path, corpus: Path) -> list[tuple[str, str]]:
    """Score, training time, speed and place of a trained pipeline, as rows of a table."""
    scores = srsly.read_json(metrics)
    return [
        ("score on test (macro F)", f"{scores['cats_score']:.3f}"),
        ("training time", training_time(training)),
        ("prediction", f"{texts_per_second(nlp, corpus):,.0f} texts/s"),
        ("pipeline", str(training / "model-best")),
        ("installed as", f"{nlp.meta['lang']}_{nlp.meta['name']} {nlp.meta['version']}"),
    ]


def training_time(training: Path) -> str:
    """How long training took, by its log."""
    steps = list(srsly.read_jsonl(training / "log.jsonl"))
    return f"{steps[-1]['seconds']} s for {steps[-1]['step']} steps"


def texts_per_second(nlp: spacy.language.Language, corpus: Path) -> float:
    """Speed of `nlp.pipe` over a corpus, after a warm-up."""
    texts = [doc.text for doc in DocBin().from_disk(corpus).get_docs(nlp.vocab)]
    list(nlp.pipe(texts[:50]))
    start = time.perf_counter()
    list(nlp.pipe(texts))
    return len(texts) / (time.perf_counter() - start)


if __name__ == "__main__":
    main(*sys.argv[1:])
