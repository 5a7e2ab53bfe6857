"""Zero-shot classification beside Hugging Face's pipeline: speed, and the same scores in float32.

    python -m benchmarks.predict_zeroshot --data DATA --pipeline PIPELINE --count 500

PIPELINE is a trained `bert_nli`, such as `train.py --task sick --keep FOLDER` leaves. Prints a Markdown table of
texts × labels a second.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import spacy
import transformers

from .data import read_texts
from .timing import timed

LABELS = ["a film", "music", "politics", "sport", "travel", "food", "work", "family"]


def main() -> None:
    """Time both sides over the same texts, ours once more at the end, and compare scores in float32."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--pipeline", type=Path, required=True)
    parser.add_argument("--count", type=int, default=500)
    args = parser.parse_args()
    texts = read_texts(args.data, args.count)
    nlp = zeroshot(args.pipeline, "auto")
    seconds = timed(lambda: scores(nlp, texts), warm_up=lambda: scores(nlp, texts[:50]))[1]
    classify = transformers.pipeline(
        "zero-shot-classification", model=str(args.pipeline / "bert_nli" / "model"), batch_size=32
    )
    results, theirs = timed(lambda: classify(texts, LABELS), warm_up=lambda: classify(texts[:50], LABELS))
    taken = {
        "spacy-bertadapt": seconds,
        "transformers pipeline, batch_size=32": theirs,
        "spacy-bertadapt, once more": timed(lambda: scores(nlp, texts))[1],
    }
    print("| side | texts × labels/s | times the first |\n|---|---|---|")
    for side, time_taken in taken.items():
        print(f"| {side} | {len(texts) * len(LABELS) / time_taken:,.0f} | {seconds / time_taken:.2f} |")
    expected = np.array([[dict(zip(r["labels"], r["scores"], strict=True))[name] for name in LABELS] for r in results])
    exact = np.array(scores(zeroshot(args.pipeline, "float32"), texts))
    print(f"\nLargest difference of a score in float32: {np.abs(exact - expected).max():.1e}")


def zeroshot(pipeline: Path, precision: str) -> spacy.language.Language:
    """Return the pipeline with `bert_zeroshot` alone at work."""
    nlp = spacy.load(pipeline, config={"components.bert_nli.model.precision": precision})
    nlp.add_pipe("bert_zeroshot", config={"labels": LABELS})
    nlp.select_pipes(enable="bert_zeroshot")
    return nlp


def scores(nlp: spacy.language.Language, texts: list[str]) -> list[list[float]]:
    """Return a row of scores for every text."""
    return [[doc.cats[label] for label in LABELS] for doc in nlp.pipe(texts)]


if __name__ == "__main__":
    main()
