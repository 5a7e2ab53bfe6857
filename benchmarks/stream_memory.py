"""Memory over a long stream: resident megabytes of the process while `nlp.pipe` goes through many texts.

python benchmarks/stream_memory.py --data DATA --pipeline PIPELINE --count 200000
"""

from __future__ import annotations

import argparse
from pathlib import Path

import psutil
import spacy
from data import read_texts


def main() -> None:
    """Print the memory every 10,000 texts, and how far it rose after the first 10,000."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--pipeline", type=Path, required=True)
    parser.add_argument("--count", type=int, default=200_000)
    args = parser.parse_args()
    nlp = spacy.load(args.pipeline)
    texts = read_texts(args.data, args.count)
    process, seen = psutil.Process(), []
    for number, _ in enumerate(nlp.pipe(texts), 1):
        if number % 10_000 == 0:
            seen.append(process.memory_info().rss / 2**20)
            print(f"{number:>7,} texts  {seen[-1]:7.0f} MB", flush=True)
    print(f"highest after the first 10,000: {max(seen[1:]) - seen[0]:+.0f} MB")


if __name__ == "__main__":
    main()
