"""Memory over a long stream: resident megabytes of the process while `nlp.pipe` goes through many short texts.

python -m benchmarks.reliability.stream_memory --texts 1000000
python -m benchmarks.reliability.stream_memory --texts 200000 --pipeline PIPELINE --file TEXTS.txt

Three streams, each in a process of its own: the same words again and again; the same inside of `nlp.memory_zone()`, a
zone a thousand texts; and in zones a word in each text that was never there before, as spaCy's vocabulary keeps new
words for ever without a zone. Without --pipeline it is one with the components of all tasks. A failure is a stream
that ends more than 50 MB above what it held after the first 10,000 texts.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
from argparse import Namespace
from collections.abc import Iterator
from contextlib import nullcontext
from itertools import cycle, islice
from pathlib import Path

import psutil
import spacy
from spacy.language import Language

from .small_pipelines import add_options, as_markdown, encoder_at, pipeline_of_all_tasks, sample_pairs

STREAMS = ["without a zone", "in zones", "in zones, with new words"]
LIMIT = 50  # megabytes
WARM_UP = 10_000
ZONE = 1000
DISTINCT = 5000


def stream_of(texts: list[str], count: int, *, new_words: bool, seed: int) -> Iterator[str]:
    """Yield so many texts. new_words: whether each begins with a word that no other text has."""
    source = random.Random(seed)
    for number, text in enumerate(islice(cycle(texts), count)):
        yield f"{number:x}{source.randrange(1 << 32):08x} {text}" if new_words else text


def go_through(nlp: Language, texts: Iterator[str], *, zones: bool, warm_up: int) -> tuple[float, float, float]:
    """Predict all texts. Returns the megabytes held after the first ones, at most after these, and at the end."""
    process, seen, number, first = psutil.Process(), 0.0, 0, 0.0
    while chunk := list(islice(texts, ZONE)):
        with nlp.memory_zone() if zones else nullcontext():
            for _ in nlp.pipe(chunk):
                number += 1
        held = process.memory_info().rss / 2**20
        if number <= warm_up or not first:
            first = held
        seen = max(seen, held) if number > warm_up else held
        if number % WARM_UP == 0:
            print(f"{number:>9,} texts  {held:7.0f} MB", file=sys.stderr, flush=True)
    return first, seen, held


def measure(stream: str, args: Namespace) -> list[float]:
    """Return what `go_through` does, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.reliability.stream_memory", "--stream", stream]
    command += ["--texts", str(args.texts), "--seed", str(args.seed)]
    for name in ("encoder", "pipeline", "file"):
        value = getattr(args, name)
        command += [f"--{name}", str(value)] if value else []
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)


def run_stream(args: Namespace) -> None:
    """Go through one stream in this process, and print its measures as JSON."""
    with tempfile.TemporaryDirectory() as place:
        if args.pipeline:
            nlp = spacy.load(args.pipeline)
        else:
            nlp = pipeline_of_all_tasks(encoder_at(args.encoder, Path(place)))
        lines = args.file.read_text(encoding="utf8").splitlines() if args.file else []
        texts = lines or sample_pairs(DISTINCT, args.seed)
        zones, new_words = args.stream != STREAMS[0], args.stream == STREAMS[2]
        stream = stream_of(texts, args.texts, new_words=new_words, seed=args.seed)
        print(json.dumps(go_through(nlp, stream, zones=zones, warm_up=min(WARM_UP, args.texts // 2))))


def main() -> None:
    """Print a table with a row for each stream."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_options(parser, texts=20_000, help_texts="texts of each stream")
    parser.add_argument("--pipeline", type=Path, help="directory of a trained pipeline")
    parser.add_argument("--file", type=Path, help="texts, one a line; else sample sentences, `first [SEP] second`")
    parser.add_argument("--stream", choices=STREAMS, help="go through this one alone, in this process")
    args = parser.parse_args()
    if args.stream:
        run_stream(args)
        return
    rows, failures = [], 0
    for stream in STREAMS:
        first, highest, last = measure(stream, args)
        failures += last - first > LIMIT
        rows.append([stream, args.texts, f"{first:,.0f}", f"{highest - first:+,.0f}", f"{last - first:+,.0f}"])
    print(as_markdown(["stream", "texts", "MB at first", "at most, from there", "at the end"], rows))
    sys.exit(int(failures > 0))


if __name__ == "__main__":
    main()
