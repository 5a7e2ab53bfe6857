"""Many threads and processes, one pipeline: all of them must say what a single thread says.

python -m benchmarks.reliability.threads --threads 8 --texts 20000 --loads 16

Three parts. Threads: a pipeline with the components of all tasks predicts in several threads at once. Loads: the same
pipeline is loaded in as many threads at once, and each copy predicts. Processes: `nlp.pipe(n_process=2)` of each task,
and of each that is trained with each way to adapt an encoder, after training in the process that forks. A failure
is an error, or a Doc whose scores differ from those of one thread by more than 1e-5.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import spacy
from spacy.language import Language
from spacy.tokens import Doc

from spacy_bertadapt.tasks import TASKS, TRAINED

from .small_pipelines import (
    TOLERANCE,
    add_options,
    as_markdown,
    difference,
    encoder_at,
    make_input,
    pipeline_of_all_tasks,
    sample_pairs,
    sample_texts,
    trained_pipeline,
)

ADAPTATIONS: dict[str, dict[str, Any]] = {
    "full": {"@misc": "spacy-bertadapt.FullFineTuning.v1"},
    "head only, features in memory": {"@misc": "spacy-bertadapt.HeadOnly.v1"},
    "head only, features in files": {"@misc": "spacy-bertadapt.HeadOnly.v1", "cache_memory": 0},
    "top layers": {"@misc": "spacy-bertadapt.TopLayers.v1", "n": 1},
    "gradual unfreezing": {"@misc": "spacy-bertadapt.GradualUnfreezing.v1", "every": 10},
    "LoRA": {"@misc": "spacy-bertadapt.LoRA.v1"},
}
DISTINCT = 500
COMPARED_LOADS = 20  # texts
SHOWN = 5


def count_failures(expected: Sequence[Doc], docs: Sequence[Doc], where: str) -> int:
    """Return how many Docs differ from what is expected, and name the first of them."""
    differences = [difference(doc, other) for doc, other in zip(expected, docs, strict=True)]
    wrong = [(doc, largest) for doc, largest in zip(docs, differences, strict=True) if not largest <= TOLERANCE]
    for doc, largest in wrong[:SHOWN]:
        print(f"{where}: differs by {largest:.2g}: {doc.text!a:.200}", file=sys.stderr)
    return len(wrong)


def in_threads(nlp: Language, texts: list[str], threads: int, predictions: int) -> int:
    """Predict in several threads at once, so many texts in each; return the number of failures."""
    expected = [nlp(text) for text in texts]

    def work(thread: int) -> int:
        failures = 0
        for number in range(predictions):
            place = (number + thread * len(texts) // threads) % len(texts)
            try:
                failures += count_failures([expected[place]], [nlp(texts[place])], f"thread {thread}")
            except Exception as err:
                failures += 1
                print(f"thread {thread}: {type(err).__name__}: {err!s:.200}", file=sys.stderr)
        return failures

    with ThreadPoolExecutor(threads) as pool:
        return sum(pool.map(work, range(threads)))


def in_concurrent_loads(nlp: Language, folder: Path, texts: list[str], loads: int) -> int:
    """Load a saved pipeline in so many threads at once; return how many loads failed or predict otherwise."""
    nlp.to_disk(folder)
    expected = [nlp(text) for text in texts]

    def load(number: int) -> int:
        try:
            loaded = spacy.load(folder)
            return int(count_failures(expected, [loaded(text) for text in texts], f"load {number}") > 0)
        except Exception as err:
            print(f"load {number}: {type(err).__name__}: {err!s:.200}", file=sys.stderr)
            return 1

    with ThreadPoolExecutor(loads) as pool:
        return sum(pool.map(load, range(loads)))


def in_processes(nlp: Language, task: str, texts: list[str]) -> int:
    """Predict in two processes, before this one has; return how many Docs differ from those of one."""
    try:
        docs = list(nlp.pipe(_inputs(nlp, task, texts), n_process=2, batch_size=max(1, len(texts) // 8)))
    except Exception as err:
        print(f"{task}: {type(err).__name__}: {err!s:.200}", file=sys.stderr)
        return len(texts)
    expected = list(nlp.pipe(_inputs(nlp, task, texts)))
    return count_failures(expected, docs, f"processes, {task}")


def _inputs(nlp: Language, task: str, texts: list[str]) -> list[Doc]:
    return [make_input(nlp, task, text, "Who came?") for text in texts]


def main() -> None:
    """Print a table with a row for each part."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_options(parser, texts=100, help_texts="predictions in each thread, and texts of each pair of processes")
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument("--loads", type=int, default=16)
    args = parser.parse_args()
    rows: list[list[Any]] = []

    def measure(what: str, predictions: int, work: Callable[[], int]) -> None:
        start = time.perf_counter()
        rows.append([what, predictions, work(), f"{time.perf_counter() - start:,.0f}"])
        print(*rows[-1], sep="  ", file=sys.stderr)

    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        encoder = encoder_at(args.encoder, folder / "encoder")
        nlp = pipeline_of_all_tasks(encoder)
        pairs, texts = sample_pairs(min(args.texts, DISTINCT), args.seed), sample_texts(args.texts, args.seed)
        measure(
            f"{args.threads} threads, all components",
            args.threads * args.texts,
            lambda: in_threads(nlp, pairs, args.threads, args.texts),
        )
        measure(
            f"{args.loads} concurrent loads",
            args.loads,
            lambda: in_concurrent_loads(nlp, folder / "all", pairs[:COMPARED_LOADS], args.loads),
        )
        for task in TASKS:
            trained = trained_pipeline(task, encoder)
            measure(f"2 processes, {task}", len(texts), lambda: in_processes(trained, task, texts))  # noqa: B023
        for task in TRAINED:
            for name, adapt in ADAPTATIONS.items():
                trained = trained_pipeline(task, encoder, adapt=adapt)
                measure(f"2 processes, {task}, {name}", len(texts), lambda: in_processes(trained, task, texts))  # noqa: B023
    print(as_markdown(["what", "predictions", "failures", "seconds"], rows))
    sys.exit(int(any(row[2] for row in rows)))


if __name__ == "__main__":
    main()
