"""Train in two processes with batches of B texts each, and in one with batches of 2 B: both have to learn the same.

    python -m benchmarks.processes --size 16

Every kind of training is made for 50 steps on a tiny random BERT in float32, without dropout, whose masks no two
processes share: all tasks, LoRA, kept features, thawing layers, accumulated gradients, a shared encoder with two heads,
a stream; last batches that are unequal or missing in one process, and batches without gold in one of the two.

Prints a Markdown table of the largest differences of losses, gradients' norms and scores (relative) and of weights, and
exits with 1 above 1e-6.
"""

from __future__ import annotations

import argparse
import os
import socket
import sys
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import spacy
import srsly
import torch
from safetensors.torch import load_file
from spacy.tokens import DocBin
from spacy.training.initialize import init_nlp
from thinc.api import Config

from spacy_bertadapt.learning.processes import ALONE, Processes
from spacy_bertadapt.training.joining import joined_processes
from spacy_bertadapt.training.loop import RunOptions, TrainingRun

from .reliability.tiny import save_encoder
from .reliability.training_kinds import KINDS, Kind, change_all, write_config

STEPS, EVALUATIONS = 49, 7  # the number of the last step, counted from 0; steps between two evaluations
SIZE, POOL = 4, 3
LIMIT = 61  # texts: the last batches of an epoch are unequal
LIMITS = {"accumulated": 48}  # of unequal parts, the losses that are shown are means of other texts
OPTIMIZER = {"eps": 1e-6}  # AdamW scales up what is zero but for rounding, such as the gradients of keys' biases
RATE = 1e-4
WITHOUT_GRADIENT = ("qa_outputs.bias",)  # a softmax over places takes no notice of it: what it learns is rounding
BOUND = 1e-6
SPEEDS = ("speed", "texts_per_second")
RANKS = "auc"  # scores of an order, in which texts change places whose probabilities differ by rounding alone
PROCESSES = 2
PLAIN = {"@batchers": "spacy.batch_by_sequence.v1", "size": SIZE}


def without_augmenter(config: Config, others: list[Config]) -> None:
    """Read a stream in the order of its texts, which both see alike."""
    KINDS["stream"].change(config, others)
    config["corpora"]["train"].pop("augmenter")
    config["training"]["batcher"] = dict(PLAIN)


def single_texts(config: Config, others: list[Config]) -> None:
    """Learn from one text a process, so that a last batch is missing and many have no gold in one of the two."""
    config["training"]["batcher"] = {**PLAIN, "size": 1}


EQUAL = {name: kind for name, kind in KINDS.items() if name not in ("shuffled", "spacy")} | {
    "stream": replace(KINDS["stream"], change=without_augmenter),
    "without gold": Kind(("textcat",), single_texts),
}


def main() -> None:
    """Train all kinds, and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kinds", default=",".join(EQUAL), help="separated by commas")
    parser.add_argument("--size", type=int, default=SIZE, help="texts of a batch in one of two processes")
    args = parser.parse_args()
    kinds = args.kinds.split(",")
    with tempfile.TemporaryDirectory() as folder:
        prepare(Path(folder), kinds, size=args.size)
        train_in_two(Path(folder), kinds)
        train_in_one(Path(folder), kinds)
        differences = {kind: compare(Path(folder) / kind) for kind in kinds}
    print("| training | largest difference of losses, norms and scores | of weights |\n|---|---|---|")
    for kind, (losses, weights) in differences.items():
        print(f"| {kind} | {losses:.1e} | {weights:.1e} |")
    sys.exit(any(max(pair) > BOUND for pair in differences.values()))


def prepare(folder: Path, kinds: Sequence[str], *, steps: int = STEPS, size: int = SIZE) -> None:
    """Write the configs of trainings in two processes and in one.

    steps: the number of the last one. size: texts of a batch in one of two processes, but where it is 1.
    """
    encoder = save_encoder(folder / "encoder")
    for kind in kinds:
        path = write_config(EQUAL.get(kind) or KINDS[kind], folder / kind, encoder)
        config = Config().from_disk(path, interpolate=False)
        batcher = config["training"]["batcher"]
        batcher["size"] = size if batcher["size"] == SIZE else batcher["size"]
        limit = LIMITS.get(kind, LIMIT) * size // SIZE
        change_all(config, dropout=0.0, limit=limit, max_steps=steps, eval_frequency=EVALUATIONS)
        if kind in EQUAL:
            config["training"]["optimizer"].update(OPTIMIZER)
            config["training"]["optimizer"]["learn_rate"]["initial_rate"] = RATE
        if kind == "without gold":
            take_gold_away(Path(config["paths"]["train"]))
        config.to_disk(folder / kind / "two.cfg")
        batcher["size"] *= PROCESSES
        config.to_disk(folder / kind / "one.cfg")


def take_gold_away(path: Path) -> None:
    """Leave every third text of a file without categories."""
    docs = list(DocBin().from_disk(path).get_docs(spacy.blank("en").vocab))
    for doc in docs[::3]:
        doc.cats = {}
    DocBin(docs=docs).to_disk(path)


def train_in_one(folder: Path, kinds: Sequence[str]) -> None:
    """Train all kinds in this process."""
    torch.set_num_threads(1)
    train_all(folder, kinds, "one", ALONE)


def train_in_two(folder: Path, kinds: Sequence[str]) -> None:
    """Train all kinds in two new processes. Raises what they raise."""
    torch.multiprocessing.spawn(work, args=(free_port(), folder, tuple(kinds)), nprocs=PROCESSES)


def work(rank: int, port: int, folder: Path, kinds: Sequence[str]) -> None:
    """Train all kinds as one of two processes."""
    environment = {"RANK": rank, "WORLD_SIZE": PROCESSES, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    os.environ.update({name: str(value) for name, value in environment.items()})
    torch.set_num_threads(1)
    with joined_processes(60) as processes:
        train_all(folder, kinds, "two", processes)


def train_all(folder: Path, kinds: Sequence[str], name: str, processes: Processes) -> None:
    """Train all kinds, one after the other. name: of the config, and of the folder for the output."""
    for kind in kinds:
        config = Config().from_disk(folder / kind / f"{name}.cfg", interpolate=False)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of texts without gold
            nlp = init_nlp(Config(config))
            TrainingRun(nlp, config, RunOptions(output=folder / kind / name, processes=processes)).run(StringIO())


def compare(folder: Path) -> tuple[float, float]:
    """Return the largest difference of losses, relative, and of weights between two processes and one."""
    losses = [list(losses_of(folder / name)) for name in ("one", "two")]
    assert len(losses[0]) > 1
    differences = [abs(one - two) / max(abs(one), 1.0) for one, two in zip(*losses, strict=True)]
    weights = [weights_of(folder / name / "model-last") for name in ("one", "two")]
    assert weights[0].keys() == weights[1].keys()
    compared = [name for name in weights[0] if not name.endswith(WITHOUT_GRADIENT)]
    return max(differences), max(float((weights[0][name] - weights[1][name]).abs().max()) for name in compared)


def losses_of(output: Path) -> Iterator[float]:
    """Yield the losses of all components at all evaluations, the norms of their gradients, and all scores."""
    for line in srsly.read_jsonl(output / "log.jsonl"):
        yield from line["losses"].values()
        yield from (value for _, value in sorted(numbers_in(line["scores"])))


def numbers_in(scores: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, float]]:
    """Yield the scores that are numbers, also those in blocks, by dotted name, but for speeds and scores of ranks."""
    for name, value in scores.items():
        if RANKS in name:
            continue
        if isinstance(value, dict):
            yield from numbers_in(value, f"{prefix}{name}.")
        elif isinstance(value, int | float) and name not in SPEEDS:
            yield f"{prefix}{name}", value


def weights_of(pipeline: Path) -> dict[str, Any]:
    """Return all weights of a saved pipeline, by file and name."""
    return {
        f"{path.relative_to(pipeline)}/{name}": weight.float()
        for path in sorted(pipeline.rglob("*.safetensors"))
        for name, weight in load_file(path).items()
    }


def free_port() -> int:
    """Return a port that nothing listens at."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


if __name__ == "__main__":
    main()
