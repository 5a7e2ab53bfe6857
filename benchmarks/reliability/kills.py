"""Kill a process at random moments while it saves or trains, and look at what is left.

    python -m benchmarks.reliability.kills --kills 200

Every second kill hits `spacy_bertadapt.save_pipeline`, which saves two pipelines in turn to one folder: what is left
must have the very files of one of them. The others hit `spacy train` with configs as `init-config` writes them, which
evaluates and saves at every second step: model-last and model-best must load, and have the very files of one save.
The process that trains writes down a hash of each pipeline that it has written, before it takes its place.

Pipelines of one and of two components take turns, fully fine-tuned and with LoRA saved as an adapter, on a tiny random
BERT; all tasks that are trained are among them. Successive saves and trainings in a folder differ in their labels.
SIGKILL is sent: no clean-up code runs.

Prints a Markdown table, and exits with 1 if a folder was lost, did not load, or was a mixture. For Linux and macOS.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import cycle, product
from pathlib import Path

import spacy
import torch
from spacy import util
from spacy.cli.train import train
from spacy.language import Language

from spacy_bertadapt import save_pipeline
from spacy_bertadapt.tasks import TRAINED

from .tiny import save_config, save_encoder

WHOLE, LOST, UNREADABLE, MIXED = "complete", "lost", "does not load", "mixture"
FOLDERS = ("model-last", "model-best")
FIRST, SECOND = "first", "second"
PIPELINES = (("textcat", "ner"), *((task,) for task in TRAINED), ("ner", "spancat"), ("nli", "qa"))
JOURNAL = "saves.txt"
ANOTHER_LABEL = "ANOTHER"


def main() -> None:
    """Kill, look, and count."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--plain", action="store_true", help="save by nlp.to_disk and without WholeSaves, to compare")
    args = parser.parse_args()
    torch.set_num_threads(1)
    os.environ["TOKENIZERS_PARALLELISM"] = "false"  # or tokenizers warns of each fork
    warnings.filterwarnings("ignore", message=r"\[W30[34]\]")  # of texts of the other task, and the label more
    chance = random.Random(args.seed)
    counts: dict[str, Counter[str]] = {"save_pipeline": Counter(), "spacy train": Counter()}
    with tempfile.TemporaryDirectory() as folder:
        encoder = save_encoder(Path(folder) / "encoder")
        kinds = cycle(product((False, True), PIPELINES))
        for number in range(args.kills):
            if number % 2 == 0:
                place = prepare(Path(folder), *next(kinds), encoder, plain=args.plain)
                counts["save_pipeline"].update(kill_in_saving(place, chance, plain=args.plain))
            else:
                counts["spacy train"].update(kill_in_training(place, chance))
            print(f"{number + 1} of {args.kills} kills", file=sys.stderr, end="\r")
    print(table(counts))
    sys.exit(any(kind != WHOLE for count in counts.values() for kind in count))


def table(counts: dict[str, Counter[str]]) -> str:
    """Return the counts as Markdown."""
    kinds = (WHOLE, LOST, UNREADABLE, MIXED)
    head = [f"| killed in | folders looked at | {' | '.join(kinds)} |", "|---" * (len(kinds) + 2) + "|"]
    return "\n".join(
        [
            *head,
            *(f"| {name} | {n.total()} | {' | '.join(str(n[kind]) for kind in kinds)} |" for name, n in counts.items()),
        ]
    )


def prepare(folder: Path, lora: bool, tasks: tuple[str, ...], encoder: Path, *, plain: bool) -> Path:
    """Return a folder with two pipelines of some tasks, and the configs that they were trained with."""
    place = folder / f"{'-'.join(tasks)}-{'lora' if lora else 'full'}"
    if not place.exists():
        saves = {"before_to_disk": None} if plain else {}
        for task in tasks:
            (place / task).mkdir(parents=True)
            save_config(place / task, task, encoder, lora=lora, max_steps=100_000, eval_frequency=2, **saves)
        join_configs(place, tasks)
        if run(lambda: save_two_pipelines(place)):
            raise RuntimeError(f"no pipelines for {tasks}: see above")
    return place


def join_configs(place: Path, tasks: tuple[str, ...]) -> None:
    """Write a config with the components of all tasks, which learns from the samples of each."""
    config, *others = (util.load_config(place / task / "config.cfg", interpolate=False) for task in tasks)
    for other in others:
        config["components"].update(other["components"])
        config["nlp"]["pipeline"] += other["nlp"]["pipeline"]
        config["training"]["score_weights"].update(other["training"]["score_weights"])
    for part in ("train", "dev"):
        (place / part).mkdir()
        for task in tasks:
            (place / task / f"{part}.spacy").rename(place / part / f"{task}.spacy")
        config["paths"][part] = str(place / part)
    config.to_disk(place / f"{FIRST}.cfg")


def save_two_pipelines(place: Path) -> None:
    """Save two pipelines that have learned a little, the second with one label more, and write its config."""
    for name in (FIRST, SECOND):
        config = util.load_config(place / f"{name}.cfg", interpolate=False)
        config["training"].update({"max_steps": 10, "eval_frequency": 10})
        config.to_disk(place / "short.cfg")
        train(place / "short.cfg", place / "short")
        nlp = spacy.load(place / "short" / "model-last")
        nlp.meta["description"] = name
        save_pipeline(nlp, place / name)
        if name == FIRST:
            config = util.load_config(place / f"{FIRST}.cfg", interpolate=False)
            for component in nlp.pipe_names:
                if nlp.get_pipe(component).labels:
                    labels = [*nlp.get_pipe(component).labels, ANOTHER_LABEL]
                    config["initialize"]["components"][component] = {"labels": labels}
            config.to_disk(place / f"{SECOND}.cfg")


def kill_in_saving(place: Path, chance: random.Random, *, plain: bool) -> Iterator[str]:
    """Kill a process that saves two pipelines in turn, and say what is left."""
    output = place / "saved"

    def save_in_turn() -> None:
        pipelines = [spacy.load(place / name) for name in (FIRST, SECOND)]
        for nlp in cycle(pipelines):
            nlp.to_disk(output) if plain else save_pipeline(nlp, output)

    kill(save_in_turn, ready=output.exists, delay=chance.uniform(0, 0.5))
    yield outcome(output, {fingerprint(place / name) for name in (FIRST, SECOND)})


def kill_in_training(place: Path, chance: random.Random) -> Iterator[str]:
    """Kill `spacy train`, and say what is left of both of its folders."""
    output = place / "training"
    best = output / FOLDERS[1]
    config = place / f"{chance.choice((FIRST, SECOND))}.cfg"
    started = time.time()

    def train_and_write_down() -> None:
        write_down_saves(place / JOURNAL)
        train(config, output)

    kill(
        train_and_write_down,
        ready=lambda: best.exists() and best.stat().st_mtime > started,
        delay=chance.uniform(0, 3),
    )
    saves = set((place / JOURNAL).read_text().split())
    for folder in FOLDERS:
        yield outcome(output / folder, saves)


def outcome(folder: Path, saves: set[str]) -> str:
    """Say what has become of a folder. saves: the hashes of all that may be in it."""
    if not folder.exists():
        return LOST
    if run(lambda: spacy.load(folder)):
        return UNREADABLE
    return WHOLE if fingerprint(folder) in saves else MIXED


def write_down_saves(journal: Path) -> None:
    """Let this process add the hash of each pipeline that it has written to a file."""
    write = Language.to_disk

    def write_and_hash(self: Language, path: Path, **settings: object) -> None:
        write(self, path, **settings)
        with journal.open("a") as hashes:
            hashes.write(f"{fingerprint(Path(path))}\n")

    Language.to_disk = write_and_hash  # type: ignore[method-assign]


def fingerprint(folder: Path) -> str:
    """Return a hash of all files in a folder, with their names."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            digest.update(str(path.relative_to(folder)).encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def kill(work: Callable[[], object], *, ready: Callable[[], bool], delay: float) -> None:
    """Start work in a process of its own, wait until it is ready and then for `delay` seconds, and kill it."""
    process = fork(work)
    while not ready():
        if os.waitpid(process, os.WNOHANG) != (0, 0):
            raise RuntimeError("the process ended before it could be killed")
        time.sleep(0.01)
    time.sleep(delay)
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)


def run(work: Callable[[], object]) -> int:
    """Do work in a process of its own, and return its exit status."""
    _, status = os.waitpid(fork(work), 0)
    return status


def fork(work: Callable[[], object]) -> int:
    """Start work in a process of its own, silently but for errors, and return its number."""
    process = os.fork()
    if process:
        return process
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        work()
        os._exit(0)
    except BaseException:
        traceback.print_exc()
        os._exit(1)


if __name__ == "__main__":
    main()
