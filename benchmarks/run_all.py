"""Run every benchmark, one after the other, and print what `docs/benchmarks.md` shows.

    python benchmarks/run_all.py --data DATA

DATA holds sst2_{train,dev,test}.tsv and cooking_{train,dev}.jsonl and sick_{train,test}.txt and
wnut_{train,test}.conll. More than an hour on 2 CPU
cores.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent


def main() -> None:
    """Print each command, and what it prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    data = parser.parse_args().data.resolve()
    with tempfile.TemporaryDirectory() as folder:
        pipeline, nli, ner = (Path(folder) / name for name in ("sst2", "sick", "wnut"))
        seeds = ["--seeds", 0, 1, 2]
        run("train.py", "--data", data, "--task", "sst2", *seeds, "--keep", pipeline)
        run("train.py", "--data", data, "--task", "sst2", "--precision", "float32", "--epochs", 1)
        run("train.py", "--data", data, "--task", "cooking", "--max-length", 128, "--learn-rate", 3e-4)
        run("train.py", "--data", data, "--task", "sick", *seeds, "--keep", nli)
        run("train.py", "--data", data, "--task", "wnut", *seeds, "--keep", ner)
        run("predict_textcat.py", "--data", data, "--pipeline", pipeline / "model-last")
        run("predict_pairs.py", "--data", data, "--pipeline", nli / "model-last")
        run("predict_zeroshot.py", "--data", data, "--pipeline", nli / "model-last")
        run("stream_memory.py", "--data", data, "--pipeline", pipeline / "model-last")
        run("load_memory.py", "--pipeline", pipeline / "model-last")
    run("import_time.py")


def run(script: str, *arguments: object) -> None:
    """Run one benchmark in a process of its own."""
    command = [sys.executable, str(HERE / script), *map(str, arguments)]
    print(f"\n$ python benchmarks/{' '.join([script, *map(str, arguments)])}", flush=True)
    subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
