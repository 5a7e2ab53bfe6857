"""Speed of `compare_many` beside Hugging Face's pipeline on pairs and sentence-transformers' CrossEncoder.

    python -m benchmarks.predict_pairs --data DATA --pipeline PIPELINE --count 10000

PIPELINE is a trained `bert_nli` for SICK, such as `train.py --task sick --keep FOLDER` leaves. Prints a Markdown table.
All sides use the same checkpoint; each computes in the precision that it comes with.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import spacy
import transformers

from .data import read_sick
from .timing import timed

Pairs = list[tuple[str, str]]


def main() -> None:
    """Time every side over the same pairs, ours once more at the end to see the machine's drift."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--pipeline", type=Path, required=True)
    parser.add_argument("--count", type=int, default=10_000)
    args = parser.parse_args()
    pairs = read_pairs(args.data, args.count)
    checkpoint = args.pipeline / "bert_nli" / "model"
    nli = spacy.load(args.pipeline).get_pipe("bert_nli")

    def ours() -> list[str]:
        return [max(cats, key=cats.__getitem__) for cats in nli.compare_many(pairs)]

    labels, seconds = timed(ours, warm_up=lambda: list(nli.compare_many(pairs[:500])))
    taken = {
        "spacy-bertadapt, compare_many": seconds,
        "transformers pipeline, batch_size=32": transformers_pipeline(checkpoint, pairs),
        "sentence-transformers CrossEncoder": cross_encoder(checkpoint, pairs),
        "spacy-bertadapt, once more": timed(ours)[1],
    }
    print("| side | pairs/s | times the first |\n|---|---|---|")
    for side, time_taken in taken.items():
        print(f"| {side} | {len(pairs) / time_taken:,.0f} | {seconds / time_taken:.2f} |")
    precise = spacy.load(args.pipeline, config={"components.bert_nli.model.precision": "float32"}).get_pipe("bert_nli")
    exact = [max(cats, key=cats.__getitem__) for cats in precise.compare_many(pairs)]
    print(f"\nSame label as in float32: {np.mean([a == b for a, b in zip(labels, exact, strict=True)]):.4%}")


def read_pairs(folder: Path, count: int) -> Pairs:
    """Return `count` SICK pairs, the files repeated as often as it takes."""
    pairs = [pair for part in ("test", "train", "dev") for pair, _ in read_sick(folder / f"sick_{part}.txt")]
    return (pairs * (1 + count // len(pairs)))[:count]  # type: ignore[return-value]


def transformers_pipeline(checkpoint: Path, pairs: Pairs) -> float:
    """Return the seconds of Hugging Face's pipeline on dicts of text and text_pair."""
    classify = transformers.pipeline("text-classification", model=str(checkpoint), batch_size=32)
    inputs = [{"text": premise, "text_pair": hypothesis} for premise, hypothesis in pairs]
    return timed(lambda: classify(inputs), warm_up=lambda: classify(inputs[:500]))[1]


def cross_encoder(checkpoint: Path, pairs: Pairs) -> float:
    """Return the seconds of sentence-transformers, which sorts by length too."""
    from sentence_transformers import CrossEncoder

    encoder = CrossEncoder(str(checkpoint), device="cpu")
    inputs = [list(pair) for pair in pairs]
    return timed(lambda: list(encoder.predict(inputs)), warm_up=lambda: encoder.predict(inputs[:500]))[1]


if __name__ == "__main__":
    main()
