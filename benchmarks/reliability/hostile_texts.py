"""Texts that nobody would write: each is predicted alone and among others, and nothing may differ or be raised.

python -m benchmarks.reliability.hostile_texts --texts 20000 --large 10

A failure is an error, or a score that differs by more than 1e-5 in float32. Where alone and in a batch other spans are
chosen, though no logit differs by more than that, two candidates were equally good: such ties are counted apart. Texts
with a lone surrogate can't be made a Doc, as spaCy's vocabulary is UTF-8; they are counted, and are no failure.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc

from spacy_bertadapt.tasks import TASKS

from .small_pipelines import (
    TOLERANCE,
    add_options,
    as_markdown,
    difference,
    encoder_at,
    make_input,
    trained_pipeline,
)

LARGEST = 999_000  # characters, with room for the other text of a pair below spaCy's limit of a million
OTHER_LENGTH = 12
BATCH = 32
SHOWN = 5
PLANES = 17
SURROGATES = range(0xD800, 0xE000)
CONTROLS = [*range(0x20), *range(0x7F, 0xA0), 0xAD, 0x061C, *range(0x200B, 0x2010), *range(0x2028, 0x202F), 0xFEFF]
MARKS = [*range(0x0300, 0x0370), *range(0x20D0, 0x20F1), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE0110)]
SPACES = [0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x1C, 0x20, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x3000]
LITERALS = [
    "[CLS]",
    "[SEP]",
    "[PAD]",
    "[UNK]",
    "[MASK]",
    "<s>",
    "</s>",
    "<pad>",
    "<mask>",
    "##s",
    "##[SEP]",
    "<|endoftext|>",
    "[unused1]",
]
EMOJI = ["👩‍👩‍👧‍👦", "🏳️‍🌈", "🇬🇧", "👍🏽", "🙂", "❤️"]
WORDS = [
    "the",
    "parcel",
    "of",
    "Ada",
    "Lovelace",
    "never",
    "arrived",
    "in",
    "London",
    "and",
    "my",
    "card",
    "was",
    "charged",
    "twice",
    "שלום",
    "مرحبا",
    "東京",
    "नमस्ते",
]


@dataclass
class Tally:
    """What happened to the texts of one task."""

    texts: int = 0
    refused: int = 0
    raised: int = 0
    different: int = 0
    ties: int = 0
    largest: float = 0.0

    @property
    def failures(self) -> int:
        """The number of texts that went wrong."""
        return self.raised + self.different


def from_plane(source: random.Random) -> str:
    """Return characters of one Unicode plane, assigned or not."""
    first = source.randrange(PLANES) << 16
    points = (first + source.randrange(1 << 16) for _ in range(source.randint(1, 60)))
    return "".join(chr(point) for point in points if point not in SURROGATES)


def from_points(points: list[int], most: int) -> Callable[[random.Random], str]:
    """Return a function that makes texts of some characters alone."""
    return lambda source: "".join(map(chr, source.choices(points, k=source.randint(1, most))))


def from_parts(parts: list[str], most: int, between: str = " ") -> Callable[[random.Random], str]:
    """Return a function that makes texts of some parts. between: what stands between them."""
    return lambda source: between.join(source.choices(parts, k=source.randint(1, most)))


def with_surrogate(source: random.Random) -> str:
    """Return a word with half of a surrogate pair in it."""
    return f"par{chr(source.choice(SURROGATES))}cel"


def one_word(source: random.Random) -> str:
    """Return a very long word."""
    return "".join(source.choices("aé字\u0301", k=source.randint(100, 3000)))


def marked_word(source: random.Random) -> str:
    """Return a letter under hundreds of combining marks."""
    return "e" + "".join(map(chr, source.choices(MARKS, k=source.randint(50, 500))))


KINDS: list[Callable[[random.Random], str]] = [
    from_plane,
    from_plane,
    from_points(CONTROLS, 40),
    from_points(MARKS, 20),
    from_points(SPACES, 30),
    from_parts(LITERALS, 10),
    from_parts(LITERALS, 10, between=""),
    from_parts(EMOJI, 12, between=""),
    from_parts(WORDS, 150),
    one_word,
    marked_word,
    with_surrogate,
    lambda source: "",
]


def hostile_text(number: int, seed: int) -> str:
    """Return a text that depends on its number and the seed alone: of one kind, or of several after each other."""
    source = random.Random(f"{seed} {number}")
    kinds = source.choices(KINDS, k=source.choice([1, 1, 2, 4]))
    return source.choice(["", " "]).join(kind(source) for kind in kinds)


def hostile_texts(count: int, large: int, seed: int) -> Iterator[str]:
    """Yield so many texts, some of a megabyte among them at even distances."""
    for number in range(count):
        text = hostile_text(number, seed)
        if large and number % max(1, count // large) == 0:
            text = (text + " parcel") * (LARGEST // (len(text) + 7))
        yield text


def run_task(task: str, nlp: Language, texts: Iterator[str], batch_size: int, seed: int) -> Tally:
    """Predict each text alone and in a batch with its neighbours, and count what differs."""
    tally, batch = Tally(), list[tuple[str, str]]()
    for number, text in enumerate(texts):
        other = hostile_text(number, seed + 1)[:OTHER_LENGTH]
        tally.texts += 1
        if any(ord(character) in SURROGATES for character in text + other):
            tally.refused += 1
            continue
        batch.append((text, other))
        if len(batch) == batch_size:
            compare(task, nlp, batch, tally)
            batch = []
    compare(task, nlp, batch, tally)
    return tally


def compare(task: str, nlp: Language, texts: list[tuple[str, str]], tally: Tally) -> None:
    """Predict some texts alone and together, and add to the tally."""
    alone = [predict(task, nlp, [text], tally) for text in texts]
    together = predict(task, nlp, texts, tally)
    if together is None:
        return
    for number, docs in enumerate(alone):
        if docs is None:
            continue
        largest = difference(docs[0], together[number])
        if np.isinf(largest) and is_tie(task, nlp, texts, number):
            tally.ties += 1
            continue
        tally.largest = max(tally.largest, largest)
        if not largest <= TOLERANCE:
            tally.different += 1
            if tally.failures <= SHOWN:
                print(f"{task}: differs by {largest:.2g}: {texts[number]!a:.200}", file=sys.stderr)


def predict(task: str, nlp: Language, texts: list[tuple[str, str]], tally: Tally) -> list[Doc] | None:
    """Return the predicted Docs, or None after an error."""
    try:
        return list(nlp.pipe([make_input(nlp, task, *text) for text in texts], batch_size=len(texts)))
    except Exception as err:
        tally.raised += 1
        if tally.failures <= SHOWN:
            print(f"{task}: {type(err).__name__}: {err!s:.200}\n  in {texts!a:.300}", file=sys.stderr)
        return None


def is_tie(task: str, nlp: Language, texts: list[tuple[str, str]], number: int) -> bool:
    """Return whether the logits of a text are the same alone and in a batch, though what they are decoded to is not."""
    docs = [make_input(nlp, task, *text) for text in texts]
    alone, together = logits_of(task, nlp, [docs[number]])[0], logits_of(task, nlp, docs)[number]
    return alone.shape == together.shape and bool(np.abs(alone - together).max(initial=0.0) <= TOLERANCE)


def logits_of(task: str, nlp: Language, docs: list[Doc]) -> list[np.ndarray]:
    """Return all logits of each Doc, padding left out, in one row."""
    pipe = nlp.get_pipe(TASKS[task].factory)
    outputs = pipe.runner.predict(pipe.encode(docs))
    windows, lengths = outputs.batch.windows, outputs.batch.lengths
    rows: dict[int, np.ndarray] = {}
    for group, logits in zip(outputs.groups, outputs.logits, strict=True):
        if outputs.batch.spans is not None:
            owner = outputs.batch.spans[outputs.batch.spans_of(group), 0]
            rows |= {row: logits[owner == row] for row in group}
            continue
        for row, values in zip(group, logits, strict=True):
            rows[row] = values[: lengths[row]] if values.ndim > 1 else values
    empty = np.zeros(0, dtype=np.float32)
    return [
        np.concatenate([empty, *(rows[row].ravel() for row in np.flatnonzero(windows.text == number))])
        for number in range(len(docs))
    ]


def main() -> None:
    """Print a table with a row for each task."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_options(parser, texts=500, help_texts="texts for each task")
    parser.add_argument("--large", type=int, default=1, help="how many of them have a megabyte")
    parser.add_argument("--batch", type=int, default=BATCH, help="texts that are predicted together")
    parser.add_argument("--tasks", nargs="+", default=list(TASKS), choices=list(TASKS))
    args = parser.parse_args()
    columns = ["task", "texts", "refused by spaCy", "raised", "different", "ties", "largest difference"]
    rows, failures = [], 0
    with tempfile.TemporaryDirectory() as folder:
        encoder = encoder_at(args.encoder, Path(folder))
        for task in args.tasks:
            nlp = trained_pipeline(task, encoder)
            tally = run_task(task, nlp, hostile_texts(args.texts, args.large, args.seed), args.batch, args.seed)
            failures += tally.failures
            largest = f"{tally.largest:.1e}"
            rows.append([task, tally.texts, tally.refused, tally.raised, tally.different, tally.ties, largest])
            print(f"{task}: {tally}", file=sys.stderr)
    print(as_markdown(columns, rows))
    sys.exit(int(failures > 0))


if __name__ == "__main__":
    main()
