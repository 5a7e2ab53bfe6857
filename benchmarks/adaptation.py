"""Every way to adapt an encoder, on one task, by `bertadapt compare`.

    python benchmarks/adaptation.py --data DATA --task sst2 --output FOLDER
    python benchmarks/adaptation.py --data DATA --task wnut --output FOLDER

The recipe is that of `train.py`; heads and LoRA learn at 20 times its rate, upper layers at twice. Prints a Markdown
table of score, trainable parameters, seconds of training and peak memory.
"""

from __future__ import annotations

import argparse
import math
import subprocess
import sys
from pathlib import Path

from tasks import DATA_SETS

BATCH_SIZE, EPOCHS = 32, 3


def main() -> None:
    """Write the config and run the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--task", choices=sorted(DATA_SETS), default="sst2")
    parser.add_argument("--output", type=Path, required=True)
    args = parser.parse_args()
    task = DATA_SETS[args.task]
    steps = math.ceil(len(task.read(args.data / task.train)) / BATCH_SIZE) * EPOCHS
    args.output.mkdir(parents=True, exist_ok=True)
    config = args.output / f"{args.task}.cfg"
    task.config("bfloat16").to_disk(config)
    overrides = {
        "paths.train": args.data / task.train,
        "paths.dev": args.data / task.dev,
        "training.max_steps": steps - 1,
        "training.eval_frequency": steps - 1,
        "training.batcher.size": BATCH_SIZE,
        "training.optimizer.learn_rate.total_steps": steps,
    }
    settings = [str(part) for key, value in overrides.items() for part in (f"--{key}", value)]
    command = [sys.executable, "-m", "spacy", "bertadapt", "compare", str(config), "-o", str(args.output), *settings]
    subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
