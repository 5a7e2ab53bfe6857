"""What the installed package costs those who don't use it: `import spacy; spacy.blank("en")` with and without it.

    python -m benchmarks.import_time

"Without" hides this package's entry points; spacy-transformers' are hidden on both sides.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time

PROGRAM = """
import importlib.metadata as metadata
hidden = {hidden}
distributions = metadata.distributions
metadata.distributions = lambda **kw: (d for d in distributions(**kw) if d.name.replace("_", "-").lower() not in hidden)
import spacy
spacy.blank("en")
"""
SIDES = {"with": ["spacy-transformers"], "without": ["spacy-transformers", "spacy-bertadapt"]}


def main() -> None:
    """Time both in turn, and print medians in milliseconds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=15, help="of each side, after one that does not count")
    runs = parser.parse_args().runs
    times: dict[str, list[float]] = {side: [] for side in SIDES}
    for number in range(runs + 1):
        for side, hidden in SIDES.items():
            start = time.perf_counter()
            subprocess.run([sys.executable, "-c", PROGRAM.format(hidden=hidden)], check=True)
            if number:
                times[side].append(1000 * (time.perf_counter() - start))
    medians = {side: statistics.median(taken) for side, taken in times.items()}
    difference = statistics.median(a - b for a, b in zip(times["with"], times["without"], strict=True))
    print(f"with: {medians['with']:.0f} ms, without: {medians['without']:.0f} ms, difference: {difference:+.0f} ms")


if __name__ == "__main__":
    main()
