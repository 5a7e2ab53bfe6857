"""Rows through `bertadapt apply`: speed beside plain `nlp.pipe`, memory, kills and what is lost by them, and Spark.

python -m benchmarks.serving.apply_rows PIPELINE --data DATA --rows 1000000

Three tables. Speed: texts a second of `nlp.pipe`, of `apply --engine local` and of `--engine ray`, on the first rows,
in turns, without loading; the median of the turns. A long run: all rows with Ray; an actor is killed after a third of
them, and the driver after two thirds, with SIGKILL; `--resume` does the rest. The memory of the driver and of actors is
looked at twice a second. Spark: `predict` on a DataFrame, in a session of this machine.

A failure is an output whose rows are not those of the input, in order, or that has an error in a row, a speed below 0.9
of that of `nlp.pipe`, more than 100,000 rows a killed driver had predicted in vain, and memory of the driver that grows
by more than 200 MB after the first tenth of the rows.

DATA is a folder with sst2_*.tsv (benchmarks/data.py); their sentences are repeated, each time with another number.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pyarrow as pa
import pyarrow.parquet as pq

from ..data import read_texts
from ..reliability.small_pipelines import as_markdown
from .apply_steps import RESULT, ROWS

SLOWEST = 0.9  # of the speed of nlp.pipe
MOST_LOST = 100_000  # rows
MOST_GROWTH = 200  # megabytes
MEGABYTE = 2**20
ACTOR = "ray::RowActor"


def write_rows(path: Path, texts: list[str], count: int) -> Path:
    """Write so many rows, with a number and a text that no other row has, in row groups of 100,000."""
    schema = pa.schema([("id", pa.int64()), ("text", pa.string())])
    with pq.ParquetWriter(path, schema) as writer:
        for first in range(0, count, 100_000):
            numbers = range(first, min(first + 100_000, count))
            values = [f"{texts[number % len(texts)]} {number // len(texts)}" for number in numbers]
            writer.write_table(pa.table({"id": list(numbers), "text": values}, schema=schema))
    return path


def problems(source: Path, output: Path) -> list[str]:
    """Return what is wrong with an output: its rows must be those of the input, in order, without errors."""
    files = [pq.ParquetFile(path) for path in (source, output)]
    counts = [file.metadata.num_rows for file in files]
    if counts[0] != counts[1]:
        return [f"{counts[1]:,} rows instead of {counts[0]:,}"]
    errors = 0
    streams = [file.iter_batches(batch_size=10_000) for file in files]
    for before, after in zip(*map(_same_sizes, streams), strict=True):
        if not before.equals(after.select(["id", "text"])):
            return ["rows are not in order"]
        errors += len(after) - after.column("error").null_count
    return [f"{errors:,} rows have an error"] if errors else []


def _same_sizes(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Yield tables of 10,000 rows, whatever the sizes of batches are."""
    table = None
    for batch in batches:
        part = pa.Table.from_batches([batch]).replace_schema_metadata(None)
        table = part if table is None else pa.concat_tables([table, part])
        while len(table) >= 10_000:
            yield table.slice(0, 10_000).combine_chunks()
            table = table.slice(10_000)
    if table is not None and len(table):
        yield table.combine_chunks()


class Step:
    """A process that does a step of `apply_steps`, and tells how many rows are done."""

    def __init__(self, name: str, **settings: Any):
        """Start it."""
        command = [sys.executable, "-m", "benchmarks.serving.apply_steps", name, json.dumps(settings)]
        environment = {**os.environ, "RAY_DEDUP_LOGS": "0"}
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        self.rows = 0
        self.result: dict[str, Any] = {}

    def follow(self) -> Iterator[int]:
        """Yield the number of rows that are done, whenever there are more, and end with the process."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith(RESULT):
                self.result = json.loads(line.removeprefix(RESULT))
            elif line.startswith(ROWS):
                self.rows = int(line.removeprefix(ROWS))
                yield self.rows
        self.process.wait()

    def finish(self) -> dict[str, Any]:
        """Wait for the end, and return the result. Raises RuntimeError if the process failed."""
        for _ in self.follow():
            pass
        if self.process.returncode:
            raise RuntimeError(f"a step ended with {self.process.returncode}")
        return self.result


class Memory:
    """Megabytes of a process and of the actors that it has, over time."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.driver: list[tuple[int, float]] = []
        self.actors: list[tuple[int, float]] = []
        self._looked = 0.0

    def look(self, process: int, rows: int) -> None:
        """Look, twice a second at most. rows: how many are done."""
        if time.monotonic() - self._looked < 0.5:
            return
        self._looked = time.monotonic()
        driver = psutil.Process(process)
        self.driver.append((rows, driver.memory_info().rss / MEGABYTE))
        sizes = [actor.memory_info().rss / MEGABYTE for actor in actors_of(process)]
        if sizes:
            self.actors.append((rows, max(sizes)))

    @staticmethod
    def growth(seen: list[tuple[int, float]], rows: int) -> tuple[float, float, float]:
        """Return what was held after the first tenth of the rows, at most from there on, and how much more that is."""
        later = [size for done, size in seen if done >= rows / 10] or [size for _, size in seen]
        return later[0], max(later), max(later) - later[0]


def actors_of(process: int) -> list[psutil.Process]:
    """Return the actors of a driver: processes of its Ray that predict rows."""
    found = []
    for child in psutil.Process(process).children(recursive=True):
        try:
            if child.cmdline() and child.cmdline()[0].startswith(ACTOR):
                found.append(child)
        except psutil.Error:
            continue
    return found


def compare_speed(args: argparse.Namespace, place: Path, texts: list[str]) -> tuple[list[list[Any]], list[str]]:
    """Return the rows of the table of speeds, and what is wrong."""
    source = write_rows(place / "compared.parquet", texts, args.compared)
    common = {"pipeline": args.pipeline, "source": str(source), "batch_size": args.batch_size}
    ways: dict[str, dict[str, Any]] = {
        "nlp.pipe": {"name": "plain"},
        "apply --engine local": {"name": "apply", "engine": "local", "output": str(place / "local.parquet")},
        f"apply --engine ray --workers {args.workers}": {
            "name": "apply",
            "engine": "ray",
            "workers": args.workers,
            "output": str(place / "ray.parquet"),
        },
    }
    speeds: dict[str, list[float]] = {way: [] for way in ways}
    for turn in range(args.turns):
        for way, settings in ways.items():
            print(f"turn {turn + 1}: {way}", file=sys.stderr)
            speeds[way].append(Step(**settings, **common).finish()["speed"])
    plain = statistics.median(speeds["nlp.pipe"])
    table, wrong = [], []
    for way, seen in speeds.items():
        speed = statistics.median(seen)
        table.append(
            [way, args.compared, f"{speed:,.0f}", f"{min(seen):,.0f} to {max(seen):,.0f}", f"{speed / plain:.2f}"]
        )
        wrong += [f"{way} has {speed / plain:.2f} of the speed of nlp.pipe"] if speed < SLOWEST * plain else []
    for name in ("local", "ray"):
        wrong += [f"{name}: {problem}" for problem in problems(source, place / f"{name}.parquet")]
    return table, wrong


def long_run(args: argparse.Namespace, place: Path, texts: list[str]) -> tuple[list[list[Any]], list[str]]:
    """Return the row of the table of the long run, and what is wrong."""
    source, output = write_rows(place / "rows.parquet", texts, args.rows), place / "done.parquet"
    settings = {"pipeline": args.pipeline, "source": str(source), "output": str(output), "engine": "ray"}
    settings |= {"workers": args.workers, "batch_size": args.batch_size, "part_rows": args.part_rows}
    started, memory, killed = time.monotonic(), Memory(), 0
    first = Step("apply", **settings)
    for rows in first.follow():
        memory.look(first.process.pid, rows)
        if not killed and rows >= args.rows / 3 and (actors := actors_of(first.process.pid)):
            killed = actors[0].pid
            os.kill(killed, signal.SIGKILL)
        if rows >= args.rows * 2 / 3:
            os.kill(first.process.pid, signal.SIGKILL)
            break
    first.process.wait()
    second = Step("apply", resume=True, **settings)
    for rows in second.follow():
        memory.look(second.process.pid, rows)
    seconds, lost = time.monotonic() - started, first.rows - int(second.result.get("earlier", 0))
    wrong = problems(source, output) if output.exists() else ["no output"]
    wrong += [] if killed else ["no actor was killed"]
    wrong += [f"{lost:,} rows were predicted in vain"] if lost > MOST_LOST else []
    driver, actor = (Memory.growth(seen, args.rows) for seen in (memory.driver, memory.actors))
    wrong += [f"the driver grew by {driver[2]:,.0f} MB"] if driver[2] > MOST_GROWTH else []
    shown = [f"{first_held:,.0f} {more:+,.0f}" for first_held, _, more in (driver, actor)]
    return [[args.rows, args.workers, f"{seconds:,.0f}", lost, *shown, "; ".join(wrong) or "none"]], wrong


def spark_run(args: argparse.Namespace, place: Path, texts: list[str]) -> tuple[list[list[Any]], list[str]]:
    """Return the row of the table of Spark, and what is wrong."""
    source = write_rows(place / "spark.parquet", texts, args.spark_rows)
    step = Step("spark", pipeline=args.pipeline, source=str(source), output=str(place / "spark"), workers=args.workers)
    result = step.finish()
    table = pq.read_table(place / "spark").sort_by("id")
    pq.write_table(table, place / "sorted.parquet")
    wrong = problems(source, place / "sorted.parquet")
    return [[args.spark_rows, args.workers, f"{result['speed']:,.0f}", "; ".join(wrong) or "none"]], wrong


def main() -> None:
    """Print the tables, and exit with 1 if something is wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pipeline", help="directory of a pipeline that reads texts")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--rows", type=int, default=1_000_000, help="of the long run; 0: none")
    parser.add_argument("--compared", type=int, default=20_000, help="rows of the comparison of speeds; 0: none")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--spark-rows", type=int, default=100_000, help="0: no Spark")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--batch-size", type=int, default=1000)
    parser.add_argument("--part-rows", type=int, default=100_000, help="of a part that outlives a kill")
    args = parser.parse_args()
    args.pipeline = str(Path(args.pipeline).resolve())
    texts = read_texts(args.data, 9_613)
    wrong: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        for count, run, columns in (
            (args.compared, compare_speed, ["", "texts", "texts/s", "of the turns", "of nlp.pipe"]),
            (args.rows, long_run, ["rows", "actors", "seconds", "lost", "driver MB", "largest actor MB", "wrong"]),
            (args.spark_rows, spark_run, ["rows with Spark", "cores", "texts/s", "wrong"]),
        ):
            if count:
                table, failures = run(args, Path(folder), texts)
                wrong += failures
                print(as_markdown(columns, table), end="\n\n", flush=True)
    for problem in wrong:
        print(problem, file=sys.stderr)
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
