"""Speed of prediction: `nlp.pipe` beside Hugging Face's pipeline, spacy-transformers, and a bare loop.

    python -m benchmarks.predict_textcat --data DATA --pipeline PIPELINE --count 10000

PIPELINE is a trained `bert_textcat` for SST-2, such as `train.py --keep FOLDER` leaves. Prints a Markdown
table. The floor is what no component can beat: one call of the tokenizers library for all texts, and torch over
batches of similar length in the same precision.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import spacy
import torch
import transformers
from spacy.training import Example
from tokenizers import Tokenizer
from transformers import AutoModelForSequenceClassification

from .data import read_texts
from .timing import timed

ENCODER_IN_SPACY = {
    "@architectures": "spacy-transformers.TransformerModel.v3",
    "get_spans": {"@span_getters": "spacy-transformers.strided_spans.v1", "window": 128, "stride": 96},
}
LISTENER = {
    "@architectures": "spacy.TextCatCNN.v2",
    "exclusive_classes": True,
    "tok2vec": {
        "@architectures": "spacy-transformers.TransformerListener.v1",
        "grad_factor": 1.0,
        "pooling": {"@layers": "reduce_mean.v1"},
    },
}


def main() -> None:
    """Time every side over the same texts, ours once more at the end to see the machine's drift."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--pipeline", type=Path, required=True)
    parser.add_argument("--count", type=int, default=10_000)
    args = parser.parse_args()
    texts = read_texts(args.data, args.count)
    checkpoint = args.pipeline / "bert_textcat" / "model"
    nlp = spacy.load(args.pipeline)
    network = nlp.get_pipe("bert_textcat").network
    ours = lambda: [max(doc.cats, key=doc.cats.get) for doc in nlp.pipe(texts)]  # noqa: E731
    labels, seconds = timed(ours, warm_up=lambda: list(nlp.pipe(texts[:500])))
    speeds = {f"spacy-bertadapt, {network.precision}": seconds}
    speeds["the floor: tokenizers and a bare torch loop"] = floor(checkpoint, texts, network.dtype)
    speeds["transformers pipeline, batch_size=32"] = transformers_pipeline(checkpoint, texts)
    speeds["spacy-transformers + textcat"] = spacy_transformers(checkpoint, texts)
    speeds["spacy-bertadapt, once more"] = timed(ours)[1]
    print("| side | texts/s | times the first |\n|---|---|---|")
    for side, taken in speeds.items():
        print(f"| {side} | {len(texts) / taken:,.0f} | {seconds / taken:.2f} |")
    precise = spacy.load(args.pipeline, config={"components.bert_textcat.model.precision": "float32"})
    exact = [max(doc.cats, key=doc.cats.get) for doc in precise.pipe(texts)]
    print(f"\nSame label as in float32: {np.mean([a == b for a, b in zip(labels, exact, strict=True)]):.4%}")


def floor(checkpoint: Path, texts: list[str], dtype: torch.dtype | None, budget: int = 2048) -> float:
    """Return the seconds of tokenising and a bare loop over batches sorted by length, `budget` subwords each."""
    tokenizer = Tokenizer.from_file(str(checkpoint / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(512)
    model = AutoModelForSequenceClassification.from_pretrained(checkpoint).eval()

    def run() -> list:
        ids = [encoding.ids for encoding in tokenizer.encode_batch_fast(texts)]
        order = sorted(range(len(ids)), key=lambda row: -len(ids[row]))
        logits, start = [], 0
        with torch.inference_mode(), torch.autocast("cpu", dtype or torch.float32, enabled=dtype is not None):
            while start < len(order):
                width = len(ids[order[start]])
                rows = [ids[row] for row in order[start : start + max(1, budget // width)]]
                padded = torch.tensor([row + [0] * (width - len(row)) for row in rows])
                logits.append(model(input_ids=padded, attention_mask=(padded != 0).long()).logits)
                start += len(rows)
        return logits

    return timed(run)[1]


def transformers_pipeline(checkpoint: Path, texts: list[str]) -> float:
    """Return the seconds of Hugging Face's pipeline."""
    classify = transformers.pipeline("text-classification", model=str(checkpoint), batch_size=32)
    return timed(lambda: classify(texts), warm_up=lambda: classify(texts[:500]))[1]


def spacy_transformers(checkpoint: Path, texts: list[str]) -> float:
    """Return the seconds of spaCy's own textcat on a `transformer` with the same encoder."""
    nlp = spacy.blank("en")
    nlp.add_pipe("transformer", config={"model": {**ENCODER_IN_SPACY, "name": str(checkpoint)}})
    nlp.add_pipe("textcat", config={"model": LISTENER})
    gold = {"cats": {"0": 1.0, "1": 0.0}}
    nlp.initialize(lambda: [Example.from_dict(nlp.make_doc(text), gold) for text in texts[:10]])
    return timed(lambda: list(nlp.pipe(texts)), warm_up=lambda: list(nlp.pipe(texts[:500])))[1]


if __name__ == "__main__":
    main()
