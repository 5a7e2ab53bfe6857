"""A server under load: throughput, latencies, wrong answers, refusals and memory, as a Markdown table.

python -m benchmarks.serving.load PIPELINE --data DATA --minutes 10

The right answers come from `nlp.pipe`. Then `python -m spacy bertadapt serve PIPELINE` is started, and clients send one
text (or pair) a request, each as soon as it has the answer to the one before; every answer is compared. Short texts
have at most 60 characters, mixed ones up to 5,000. Beside it, a server that predicts one text at a time
(`--max-batch-size 1`); and 256 clients of a server in whose queue 64 texts may wait. Each row takes a tenth of the
minutes, and the mixed texts are then sent for all of them.

A failure is a wrong answer, a request without an answer or with another status than 200 and 429, a server that does not
end well, or one whose memory grows by more than 50 MB after the first tenth of all minutes.

DATA is a folder with files that benchmarks/data.py reads: for texts sst2_*.tsv, cooking_train.jsonl and
squad2_eval.json, for premises and hypotheses sick_test.txt, for questions squad2_eval.json.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import spacy

from spacy_bertadapt.serving.rows import PipelineRows

from ..reliability.small_pipelines import as_markdown
from .answers import same
from .client import Seen, ask_all, request_bytes
from .process import ServerProcess, started
from .workloads import Row, rows_of

LIMIT = 50  # megabytes
OVERLOAD = 256  # clients
SMALL_QUEUE = 64  # texts
WARM_UP = 3  # seconds
ONE_AT_A_TIME = "--max-batch-size=1"
COLUMNS = ["texts", "server", "clients", "seconds", "texts/s", "p50 ms", "p99 ms"]
COLUMNS += ["wrong", "429", "other", "MB", "then"]


@dataclass(frozen=True)
class Workload:
    """Requests as they are sent, and the right answers to them. kind: "short" or "mixed"."""

    kind: str
    requests: Sequence[bytes]
    expected: Sequence[dict[str, Any]]
    tolerance: float

    def is_right(self, number: int, body: bytes) -> bool:
        """Return whether an answer is that of the pipeline itself."""
        (answer,) = json.loads(body)["results"]
        return same(answer, self.expected[number], self.tolerance)


@dataclass(frozen=True)
class Measured:
    """What came of a workload. grown: the most megabytes held, beyond those after a tenth of the time."""

    row: list[Any]
    seen: Seen
    others: int
    grown: float

    @property
    def is_good(self) -> bool:
        """Whether all requests were answered, or refused, and no answer was wrong."""
        return not (self.seen.wrong or self.others)


def workloads(args: argparse.Namespace) -> list[Workload]:
    """Return short and mixed requests, with the answers of the pipeline itself."""
    pipeline = PipelineRows(spacy.load(args.pipeline))
    made = []
    for kind in ("short", "mixed"):
        rows = rows_of(pipeline.inputs, args.data, args.texts, short=kind == "short")
        made.append(Workload(kind, [_request(row) for row in rows], pipeline.predict(rows), args.tolerance))
    return made


def measure(server: ServerProcess, name: str, workload: Workload, clients: int, seconds: float) -> Measured:
    """Let clients send a workload, and return what came of it. name: of the server."""
    ask = {"port": server.port, "requests": workload.requests, "is_right": workload.is_right, "clients": clients}
    asyncio.run(ask_all(**ask, seconds=min(seconds, WARM_UP)))
    before = len(server.megabytes)
    seen = asyncio.run(ask_all(**ask, seconds=seconds))
    held = server.megabytes[before:] or server.megabytes[-1:]
    held = held[len(held) // 10 :]
    p50, p99 = np.percentile(seen.seconds, [50, 99]) * 1000
    others = seen.lost + sum(count for status, count in seen.statuses.items() if status not in (200, 429))
    row = [workload.kind, name, clients, f"{seconds:,.0f}", f"{len(seen.seconds) / seconds:,.0f}"]
    row += [f"{p50:,.1f}", f"{p99:,.1f}", seen.wrong, seen.statuses[429], others]
    row += [f"{held[0]:,.0f}", f"{max(held) - held[0]:+,.0f}"]
    print(" ".join(map(str, row)), file=sys.stderr, flush=True)
    return Measured(row, seen, others, max(held) - held[0])


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pipeline", help="name or directory of a trained pipeline")
    parser.add_argument("--data", type=Path, required=True, help="folder of the data sets")
    parser.add_argument("--minutes", type=float, default=1.0, help="for which mixed texts are sent")
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--texts", type=int, default=2000, help="different ones of each kind")
    parser.add_argument("--tolerance", type=float, default=1e-4, help="of scores; bfloat16 wants 0.03")
    parser.add_argument("--option", action="append", default=[], help="of the server, as --option=--threads=1")
    args = parser.parse_args()
    short, mixed = workloads(args)
    part, done = args.minutes * 6, []
    with started(args.pipeline, args.option) as server:
        done += [measure(server, "batches", workload, args.clients, part) for workload in (short, mixed)]
        long = measure(server, "batches", mixed, args.clients, args.minutes * 60)
    with started(args.pipeline, [*args.option, ONE_AT_A_TIME]) as server:
        done += [measure(server, "one at a time", workload, args.clients, part) for workload in (short, mixed)]
    with started(args.pipeline, [*args.option, f"--max-queue={SMALL_QUEUE}"]) as server:
        done.append(measure(server, f"queue of {SMALL_QUEUE}", short, OVERLOAD, part))
    print(as_markdown(COLUMNS, [measured.row for measured in (*done, long)]))
    sys.exit(int(long.grown > LIMIT or not all(measured.is_good for measured in (*done, long))))


def _request(row: Row) -> bytes:
    content = {"texts": list(row.values())} if len(row) == 1 else {"pairs": [row]}
    return request_bytes(json.dumps(content).encode())


if __name__ == "__main__":
    main()
