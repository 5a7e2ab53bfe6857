"""Time and memory of `bert_ner` on one very long Doc, beside one a tenth as long.

    python -m benchmarks.long_text --data DATA --pipeline PIPELINE

PIPELINE is a trained `bert_ner`, such as `train.py --task wnut --keep FOLDER` leaves.
"""

from __future__ import annotations

import argparse
from itertools import chain, cycle, islice
from pathlib import Path

import psutil
import spacy
from spacy.tokens import Doc

from .data import read_conll
from .tasks import DATA_SETS
from .timing import timed


def main() -> None:
    """Print seconds, and by how much the process grew."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--pipeline", type=Path, required=True)
    parser.add_argument("--tokens", type=int, default=100_000)
    args = parser.parse_args()
    words = list(chain.from_iterable(words for words, _ in read_conll(args.data / DATA_SETS["wnut"].dev)))
    nlp = spacy.load(args.pipeline)
    process = psutil.Process()
    nlp(Doc(nlp.vocab, words=list(islice(cycle(words), args.tokens // 10))))
    print("| tokens | entities | seconds | memory after, MB |\n|---|---|---|---|")
    for tokens in (args.tokens // 10, args.tokens):
        doc = Doc(nlp.vocab, words=list(islice(cycle(words), tokens)))
        _, seconds = timed(lambda doc=doc: [nlp(doc)])
        print(f"| {tokens:,} | {len(doc.ents):,} | {seconds:.1f} | {process.memory_info().rss / 2**20:,.0f} |")


if __name__ == "__main__":
    main()
