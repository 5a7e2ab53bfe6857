"""Random inputs for every reader and every command: a right result, or an error of one line; never a traceback.

    python -m benchmarks.reliability.fuzz --examples 300 --seed 0

Prints a Markdown line for each reader and command: the inputs tried, and those on which something was wrong, with the
smallest that was found.
"""

from __future__ import annotations

import argparse
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import spacy
from hypothesis import HealthCheck, given, settings
from hypothesis import seed as seeded

from .fuzz_cases import Case, Place, command_cases, reader_cases
from .tiny import save_encoder

SHOWN = 300  # characters of a failing input


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--examples", type=int, default=300, help="inputs for each reader and command")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="part of the names of what is tried")
    arguments = parser.parse_args()
    with TemporaryDirectory() as folder:
        place = prepare(Path(folder))
        print("| what | inputs | failures | the smallest |\n|---|---:|---:|---|")
        for name, case in {**reader_cases(), **command_cases()}.items():
            if arguments.only in name:
                tried, failures = try_case(case, place, arguments.examples, arguments.seed)
                smallest = f"`{failures[-1]:.{SHOWN}}`".replace("|", "\\|") if failures else ""
                print(f"| {name} | {tried:,} | {len(failures):,} | {smallest} |", flush=True)


def prepare(folder: Path) -> Place:
    """Return a place with a small encoder, and a pipeline on it with an untrained head."""
    (folder / "files").mkdir()
    encoder, pipeline = folder / "encoder", folder / "pipeline"
    save_encoder(encoder, length=64)
    nlp = spacy.blank("en")
    nlp.add_pipe("bert_textcat", config={"model": {"encoder": {"name": str(encoder)}}})
    nlp.get_pipe("bert_textcat").initialize(lambda: [], labels=["a", "B"])
    nlp.to_disk(pipeline)
    return Place(folder / "files", encoder, pipeline)


def try_case(case: Case, place: Place, examples: int, seed: int) -> tuple[int, list[str]]:
    """Return how many inputs were tried, and each on which something was wrong, the smallest last."""
    tried, failures = 0, list[str]()

    @seeded(seed)
    @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(case.inputs)
    def run(values: Any) -> None:
        nonlocal tried
        tried += 1
        try:
            case.check(place, values)
        except Exception as error:  # whatever it is: that it can happen is the finding
            failures.append(f"{values!r} {type(error).__name__}: {' '.join(str(error).split())}")
            raise

    with suppress(Exception):  # a failure has been noted by now
        run()
    return tried, failures


if __name__ == "__main__":
    main()
