"""Memory that loading takes: how far the process's peak rises over `spacy.load`, beside the size of the weights.

python -m benchmarks.load_memory --pipeline PIPELINE
"""

from __future__ import annotations

import argparse
import resource
from pathlib import Path

import spacy


def main() -> None:
    """Print both in megabytes. What importing takes is not counted."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pipeline", type=Path, required=True)
    folder = parser.parse_args().pipeline
    spacy.blank("en").add_pipe("bert_textcat")  # imports all that loading needs, and reads no weights
    weights = (folder / "bert_textcat" / "model" / "model.safetensors").stat().st_size / 2**20
    before = peak()
    spacy.load(folder)
    print(f"weights {weights:.0f} MB, peak of loading {peak() - before:+.0f} MB")


def peak() -> float:
    """Return the process's highest resident memory so far, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10


if __name__ == "__main__":
    main()
