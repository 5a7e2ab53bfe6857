"""Run every benchmark, one after the other, and print what `docs/benchmarks.md` shows.

    python -m benchmarks.run_all --data DATA

DATA holds sst2_{train,dev,test}.tsv, cooking_{train,dev}.jsonl, sick_{train,test}.txt, wnut_{train,test}.conll,
genia_{train,eval}.iob2 and squad2_{train,eval}.json. Several hours on 2 CPU cores.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from .data import read_texts

SQUAD = ("--batch-size", 16, "--learn-rate", 2e-4, "--max-length", 384)
FASTER = ("--learn-rate", 1e-3)  # what learns little learns best so


def main() -> None:
    """Print each command, and what it prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    data = parser.parse_args().data.resolve()
    with tempfile.TemporaryDirectory() as folder:
        pipeline, nli, ner, spacy_ner, qa = (Path(folder) / name for name in ("sst2", "sick", "wnut", "spacy", "squad"))
        seeds = ["--seeds", 0, 1, 2]
        run("train", "--data", data, "--task", "sst2", *seeds, "--keep", pipeline)
        run("train", "--data", data, "--task", "sst2", "--precision", "float32", "--epochs", 1)
        run("train", "--data", data, "--task", "cooking", "--max-length", 128, "--learn-rate", 3e-4)
        run("train", "--data", data, "--task", "sick", *seeds, "--keep", nli)
        run("train", "--data", data, "--task", "wnut", *seeds, "--keep", ner)
        run("train_spacy_ner", "--data", data, "--keep", spacy_ner)
        run("spancat", "--data", data, *seeds)
        run("spancat", "--data", data, "--data-set", "wnut", *seeds)
        run("train", "--data", data, "--task", "squad-answerable", *SQUAD, "--seeds", 0, 1)
        run("train", "--data", data, "--task", "squad", *SQUAD, "--epochs", 2, "--peer-seeds", "--keep", qa)
        run(
            "train",
            "--data",
            data,
            "--task",
            "sst2",
            *FASTER,
            "--adapt",
            "head_only",
            "--epochs",
            10,
            "--every-epoch",
        )
        run("train", "--data", data, "--task", "sst2", *FASTER, "--adapt", "lora")
        for task in ("sst2", "wnut"):
            run("adaptation", "--data", data, "--task", task, "--output", Path(folder) / f"compare_{task}")
        run("predict_textcat", "--data", data, "--pipeline", pipeline / "model-last")
        run("predict_pairs", "--data", data, "--pipeline", nli / "model-last")
        run("predict_zeroshot", "--data", data, "--pipeline", nli / "model-last")
        run("predict_ner", "--data", data, "--pipeline", ner / "model-last", "--spacy", spacy_ner / "model-last")
        run("predict_qa", "--data", data, "--pipeline", qa / "model-last")
        run("no_answer", "--data", data, "--pipeline", qa / "model-last")
        run("answers_parity", "--data", data, "--pipeline", qa / "model-last")
        run("long_text", "--data", data, "--pipeline", ner / "model-last")
        sentences = Path(folder) / "sentences.txt"
        sentences.write_text("\n".join(read_texts(data, 200_000)), encoding="utf8")
        stream = ("--texts", 200_000, "--file", sentences, "--pipeline", pipeline / "model-last")
        run("reliability.stream_memory", *stream)
        run("load_memory", "--pipeline", pipeline / "model-last")
        run("serving.apply_rows", pipeline / "model-last", "--data", data)
        run("serving.load", pipeline / "model-last", "--data", data, "--minutes", 10, "--tolerance", 0.03)
    run("processes")
    run("processes_speed", "--data", data)
    run("import_time")


def run(benchmark: str, *arguments: object) -> None:
    """Run one benchmark in a process of its own."""
    command = ["-m", f"benchmarks.{benchmark}", *map(str, arguments)]
    print(f"\n$ python {' '.join(command)}", flush=True)
    subprocess.run([sys.executable, *command], check=True)


if __name__ == "__main__":
    main()
