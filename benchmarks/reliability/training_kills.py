"""Kill `bertadapt train` at random moments, go on with --resume, and compare what it makes with a training in peace.

    python -m benchmarks.reliability.training_kills --kills 50

Every kind of pipeline is trained once by `python -m spacy bertadapt train`, and then again and again with kills. A run
is ended by SIGKILL, SIGTERM, SIGINT, or by SIGTERM and a SIGKILL that does not wait for the answer, in turns. Half of
the kills hit it at a random moment of the time that it takes, half in a phase of the training, drawn at random: its
initialization, a step, an evaluation, a save. Every 25th hits a process with an interpreter of its own, while that
starts; the others are forked from one that has imported all. It is started again, with --resume as soon as there is a
state, until it comes to its end; then all files must have the bytes of those of the training in peace, but for the
speed in meta.json and the seconds in log.jsonl, and no other file may be there. Exit codes must be 130 after SIGINT and
143 after SIGTERM while it trains.

With --processes 2 each training has two processes, with the variables that torchrun sets. SIGKILL hits one of them, the
other signals one or all; the others must end by themselves within a minute, with an exit code above 0.

Prints Markdown tables, and exits with 1 if a file differs, a process hangs, or ends with another code. For Linux.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
from collections import Counter
from pathlib import Path
from tempfile import mkdtemp

import torch

from .small_pipelines import as_markdown
from .tiny import save_encoder
from .training_drill import SIGNALS, Drill, name_of
from .training_kinds import KINDS, TRAINED_ALONE, write_config
from .training_processes import PHASES, import_what_trains


def main() -> None:
    """Kill, resume, compare, and say what came of it."""
    args = _arguments()
    torch.set_num_threads(1)
    os.environ["OMP_NUM_THREADS"] = "1"  # bits depend on the number of threads
    os.environ["TOKENIZERS_PARALLELISM"] = "false"  # or tokenizers warns of each fork
    import_what_trains()
    folder = Path(mkdtemp(prefix="training-kills-"))
    encoder = save_encoder(folder / "encoder")
    drills: dict[str, Drill] = {}
    for kind in args.tasks or [kind for kind in KINDS if args.processes == 1 or kind not in TRAINED_ALONE]:
        config = write_config(KINDS[kind], folder / kind, encoder)
        drill = Drill(config, folder / kind, args.processes, random.Random(f"{args.seed} {kind}"))
        drill.train_in_peace()
        drill.train_with_kills(args.kills)
        drills[kind] = drill
        print(table({kind: drill}), file=sys.stderr)
    print(f"{table(drills)}\n\n{table_of_phases(drills)}")
    has_problems = any(drill.problems for drill in drills.values())
    print(f"The trainings are in {folder}" if has_problems else "No problem", file=sys.stderr)
    sys.exit(has_problems)


def table(drills: dict[str, Drill]) -> str:
    """Return a row for each kind of training as Markdown."""
    names = [name_of(signals) for signals in SIGNALS]
    columns = ["kind", *(f"kills by {name}" for name in names), "resumed", "from steps", "runs", "identical", "seconds"]
    rows = [
        [
            kind,
            *(drill.kills[name] for name in names),
            len(drill.steps),
            f"{min(drill.steps, default=0)} to {max(drill.steps, default=0)}",
            drill.runs,
            "no" if drill.problems else "yes",
            round(drill.seconds),
        ]
        for kind, drill in drills.items()
    ]
    return as_markdown(columns, rows)


def table_of_phases(drills: dict[str, Drill]) -> str:
    """Return how many kills hit each phase, of all kinds."""
    phases: Counter[str] = sum((drill.phases for drill in drills.values()), Counter())
    return as_markdown(["hit in", "kills"], [[phase, phases[phase]] for phase in PHASES])


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50, help="of each kind")
    parser.add_argument("--processes", type=int, default=1, help="of each training")
    parser.add_argument("--tasks", type=_kinds, default=[], help=f"of {','.join(KINDS)}; all, if not given")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def _kinds(text: str) -> list[str]:
    names = text.split(",")
    if unknown := [name for name in names if name not in KINDS]:
        raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: choose from {', '.join(KINDS)}")
    return names


if __name__ == "__main__":
    main()
