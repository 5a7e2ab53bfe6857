"""Kill a process at random moments while it saves or trains, and look at what is left.

    python benchmarks/reliability/kills.py --kills 200

Half of the kills hit `spacy_bertadapt.save_pipeline`, which saves two pipelines in turn to one folder: what is left
must have the very files of one of them. The other half hit `spacy train` with configs as `init-config` writes them,
which evaluates and saves at every second step: model-last and model-best must load, and score on the development data
what their meta.json says, as weights and scores of two saves would not. All tasks that are trained take turns, fully
fine-tuned and with LoRA saved as an adapter, on a tiny random BERT. SIGKILL is sent: no clean-up code runs.

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
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import cycle, product
from pathlib import Path

import spacy
import torch
from spacy import util
from spacy.cli.train import train
from spacy.language import Language
from spacy.schemas import ConfigSchemaTraining
from spacy.training.loop import create_evaluation_callback
from spacy.util import registry, resolve_dot_names
from tiny import save_config, save_encoder

from spacy_bertadapt import save_pipeline
from spacy_bertadapt.tasks import TRAINED

WHOLE, LOST, UNREADABLE, MIXED = "complete", "lost", "does not load", "mixture"
FOLDERS = ("model-last", "model-best")


def main() -> None:
    """Kill, look, and count."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--plain", action="store_true", help="save by nlp.to_disk and without WholeSaves, to compare")
    args = parser.parse_args()
    torch.set_num_threads(1)
    os.environ["TOKENIZERS_PARALLELISM"] = "false"  # or tokenizers warns of each fork
    chance = random.Random(args.seed)
    counts: dict[str, Counter[str]] = {"save_pipeline": Counter(), "spacy train": Counter()}
    with tempfile.TemporaryDirectory() as folder:
        encoder = save_encoder(Path(folder) / "encoder")
        kinds = cycle(product(TRAINED, (False, True)))
        for number in range(args.kills):
            task, lora = next(kinds)
            place = Path(folder) / f"{task}-{'lora' if lora else 'full'}"
            if not place.exists():
                place.mkdir()
                saves = {"before_to_disk": None} if args.plain else {}
                save_config(place, task, encoder, lora=lora, max_steps=100_000, eval_frequency=2, **saves)
                if run(lambda place=place: save_two_pipelines(place)):
                    raise RuntimeError(f"no pipelines for {task}: see above")
            name = "spacy train" if number // (2 * len(TRAINED)) % 2 else "save_pipeline"
            trial = kill_in_training if name == "spacy train" else kill_in_saving
            counts[name].update(trial(place, chance, plain=args.plain))
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


def kill_in_saving(place: Path, chance: random.Random, *, plain: bool) -> Iterator[str]:
    """Kill a process that saves two pipelines in turn, and say what is left."""
    first, second, output = (place / name for name in ("first", "second", "saved"))
    expected = {fingerprint(first), fingerprint(second)}

    def save_in_turn() -> None:
        pipelines = [spacy.load(first), spacy.load(second)]
        for nlp in cycle(pipelines):
            nlp.to_disk(output) if plain else save_pipeline(nlp, output)

    kill(save_in_turn, ready=output.exists, delay=chance.uniform(0, 0.5))
    if not output.exists():
        yield LOST
    elif run(lambda: spacy.load(output)):
        yield UNREADABLE
    else:
        yield WHOLE if fingerprint(output) in expected else MIXED


def kill_in_training(place: Path, chance: random.Random, *, plain: bool) -> Iterator[str]:
    """Kill `spacy train`, and say what is left of both of its folders."""
    output = place / "training"
    best = output / FOLDERS[1]
    started = time.time()

    def is_ready() -> bool:
        return best.exists() and best.stat().st_mtime > started

    del plain  # the config says so
    kill(lambda: train(place / "config.cfg", output), ready=is_ready, delay=chance.uniform(0, 3))
    for folder in FOLDERS:
        if not (output / folder).exists():
            yield LOST
        elif run(lambda folder=folder: spacy.load(output / folder)):
            yield UNREADABLE
        else:
            yield MIXED if run(lambda folder=folder: check_scores(output / folder)) else WHOLE


def save_two_pipelines(place: Path) -> None:
    """Save a pipeline as it is initialized, and one that has learned a little."""
    config = util.load_config(place / "config.cfg")
    config["training"].update({"max_steps": 10, "eval_frequency": 10})
    config.to_disk(place / "short.cfg")
    train(place / "short.cfg", place / "short")
    nlp = spacy.load(place / "short" / "model-last")
    save_pipeline(nlp, place / "first")
    nlp = spacy.load(place / "short" / "model-best")
    nlp.meta["description"] = "the second"
    save_pipeline(nlp, place / "second")


def check_scores(folder: Path) -> None:
    """Raise AssertionError unless a pipeline scores what its meta.json says."""
    nlp = spacy.load(folder)
    score, said = evaluate(nlp), nlp.meta["performance"]
    for name, value in said.items():
        if isinstance(value, float) and not name.endswith("_loss"):
            assert abs(score[name] - value) < 1e-4, (folder, name, score[name], value)


def evaluate(nlp: Language) -> dict[str, float]:
    """Return the scores on the development data, as training computes them."""
    settings = registry.resolve(nlp.config.interpolate()["training"], schema=ConfigSchemaTraining)
    (corpus,) = resolve_dot_names(nlp.config.interpolate(), [settings["dev_corpus"]])
    return create_evaluation_callback(nlp, corpus, settings["score_weights"])()[1]


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
