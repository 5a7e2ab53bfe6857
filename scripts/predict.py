"""Use a trained pipeline as an app would, and sum up what training gave: see `main`."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import spacy
import srsly
from spacy.tokens import Doc, DocBin
from wasabi import msg, table

UNSEEN = {
    "textcat": [
        "The tracking page says delivered, but there is nothing in front of my door.",
        "You took the money from my account two times for one order!",
        "I'd like to send the jacket back, it is too small.",
        "hi, cant log in since yesterday, the reset mail never comes",
        "Just wanted to say your team was lovely on the phone today.",
    ],
    "nli": [
        "Two girls are building a sandcastle on the beach. [SEP] The girls are outdoors.",
        "Two girls are building a sandcastle on the beach. [SEP] The girls are sisters.",
        "Two girls are building a sandcastle on the beach. [SEP] The girls are asleep in their beds.",
        "The shop closed before noon on Tuesday. [SEP] The shop was open all afternoon on Tuesday.",
        "The shop closed before noon on Tuesday. [SEP] On Tuesday afternoon the shop was not open.",
    ],
    "ner": [
        "Ingrid Solvang joins Northwind Labs in Trondheim next week.",
        "At the Harvest Lantern Festival, Omar Quill showed the Orbit 9 Mini.",
        "(Kestrel Bank) 🙂 opens a branch in New Aldport",
        "Nothing happened on Monday, as usual.",
    ],
    "qa": [
        f"{question} [SEP] The tea house in Varna was opened by Lena Marsh in 1932. Ali Rust bought it in 1990."
        for question in ("Who opened the tea house?", "Where is the tea house?", "How much is a cup of tea?")
    ],
}
NEXT = {
    "textcat": ("Where is my parcel?", "cats"),
    "nli": ("A man is eating. [SEP] Someone eats.", "cats"),
    "ner": ("Ada Lovelace lived in London.", "ents"),
    "qa": ("Where did she live? [SEP] Ada Lovelace lived in London.", 'spans["answers"]'),
}
SCORES = {
    "textcat": ("macro F", "cats_score"),
    "nli": ("accuracy", "nli_acc"),
    "ner": ("F", "ents_f"),
    "qa": ("F1", "qa_f1"),
}


def main(task: str, package: str, training: str, metrics: str, corpus: str) -> None:
    """Load an installed pipeline by name, print its predictions for texts it has never seen, and a summary.

    training: folder of the training run. metrics: what `bertadapt evaluate` wrote. corpus: a .spacy file to time.
    """
    nlp = spacy.load(package)
    msg.divider(f"{package} on texts it has not seen")
    rows = [(doc.text, *answer(doc)) for doc in nlp.pipe(UNSEEN[task])]
    print(table(rows, header=("text", "prediction", "probability"), divider=True, max_col=100))
    msg.divider("Summary")
    print(table(summary(task, nlp, Path(training), Path(metrics), Path(corpus)), max_col=80))
    print("Next:")
    text, attribute = NEXT[task]
    suffix = {"ner": ".conll", "qa": ".json"}.get(task, ".csv")
    print(f'  python -c \'import spacy; print(spacy.load("{package}")("{text}").{attribute})\'')
    print(f"  python -m spacy bertadapt init-config my.cfg --task {task} --train my_train{suffix} --dev my_dev{suffix}")


def answer(doc: Doc) -> tuple[str, str]:
    """What a pipeline says of a text, and how sure it is."""
    if doc.cats:
        label, probability = max(doc.cats.items(), key=lambda item: item[1])
        return label, f"{probability:.2f}"
    if "answers" in doc.spans:
        answers = doc.spans["answers"]
        return ", ".join(span.text for span in answers) or "no answer", f"{answers.attrs['no_answer_score']:.2f} none"
    entities = ", ".join(f"{entity.text} ({entity.label_})" for entity in doc.ents)
    return entities, ", ".join(f"{entity._.score:.2f}" for entity in doc.ents)


def summary(
    task: str, nlp: spacy.language.Language, training: Path, metrics: Path, corpus: Path
) -> list[tuple[str, str]]:
    """Score, training time, speed and place of a trained pipeline, as rows of a table."""
    name, key = SCORES[task]
    return [
        (f"score on test ({name})", f"{srsly.read_json(metrics)[key]:.3f}"),
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
