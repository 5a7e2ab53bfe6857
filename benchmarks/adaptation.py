"""Every way to adapt an encoder, on one task, by `bertadapt compare`.

    python -m benchmarks.adaptation --data DATA --task sst2 --output FOLDER
    python -m benchmarks.adaptation --data DATA --task wnut --output FOLDER

The recipe is that of `train.py`; heads and LoRA learn at 20 times its rate, upper layers at twice. Prints a Markdown
table of score, trainable parameters, seconds of training and peak memory.
"""

from __future__ import annotations

import argparse
import math
import subprocess
import sys
from pathlib import Path

from .commands import as_options
from .tasks import DATA_SETS

BATCH_SIZE, EPOCHS = 32, 3


def main() -> None:
    """Write the config and run the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--task", choices=sorted(DATA_SETS), default="sst2")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--strategies", help="names, with commas; all if not given")
    parser.add_argument("--steps", type=int, help="train so many steps only; evaluates on 16 examples meanwhile")
    args = parser.parse_args()
    task = DATA_SETS[args.task]
    steps = args.steps or math.ceil(len(task.read(args.data / task.train)) / BATCH_SIZE) * EPOCHS
    args.output.mkdir(parents=True, exist_ok=True)
    path, config = args.output / f"{args.task}.cfg", task.config("bfloat16")
    config["corpora"]["dev"]["limit"] = 16 if args.steps else 0
    config.to_disk(path)
    overrides = {
        "paths.train": args.data / task.train,
        "paths.dev": args.data / task.dev,
        "training.max_steps": steps - 1,
        "training.eval_frequency": steps - 1,
        "training.batcher.size": BATCH_SIZE,
        "training.optimizer.learn_rate.total_steps": steps,
    }
    command = [sys.executable, "-m", "spacy", "bertadapt", "compare", str(path), "-o", str(args.output), "--force"]
    command += ["--strategies", args.strategies] if args.strategies else []
    subprocess.run([*command, *as_options(overrides)], check=True)


if __name__ == "__main__":
    main()
