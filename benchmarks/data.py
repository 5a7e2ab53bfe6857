"""The data sets of the benchmarks, as texts and gold labels. They are not part of the project: name their folder."""

from __future__ import annotations

import csv
import json
from itertools import groupby
from pathlib import Path

Rows = list[tuple[str | tuple[str, str], dict[str, float]]]
Tagged = tuple[list[str], list[str]]
Asked = tuple[tuple[str, str], list[tuple[int, str]]]
SICK_LABELS = ("CONTRADICTION", "ENTAILMENT", "NEUTRAL")


def read_sst2(path: Path) -> Rows:
    """SST-2 sentences: `text<TAB>0|1`."""
    rows = (line.rsplit("\t", 1) for line in path.read_text(encoding="utf8").splitlines())
    return [(text, {"0": float(label == "0"), "1": float(label == "1")}) for text, label in rows]


def read_cats(path: Path) -> Rows:
    """JSONL with `text` and `cats`."""
    rows = map(json.loads, path.read_text(encoding="utf8").splitlines())
    return [(row["text"], row["cats"]) for row in rows]


def read_sick(path: Path) -> Rows:
    """SICK pairs: TSV with a header."""
    with path.open(encoding="utf8", newline="") as lines:
        rows = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [
            (
                (row["sentence_A"], row["sentence_B"]),
                {label: float(row["entailment_judgment"] == label) for label in SICK_LABELS},
            )
            for row in rows
        ]


def read_conll(path: Path) -> list[Tagged]:
    """Words and BIO tags; of several tags the first."""
    lines = path.read_text(encoding="utf8").split("\n")  # sentences are divided by empty lines and by lone tabs
    blocks = [
        [line.split("\t") for line in block]
        for full, block in groupby(lines, key=lambda line: bool(line.strip()))
        if full
    ]
    return [([row[0] for row in rows], [row[-1].split(",")[0] for row in rows]) for rows in blocks]


def read_squad(path: Path) -> list[Asked]:
    """SQuAD's questions and contexts, with the gold answers: where each starts, and its text."""
    return [
        ((asked["question"], paragraph["context"]), [(each["answer_start"], each["text"]) for each in asked["answers"]])
        for article in json.loads(path.read_text(encoding="utf8"))["data"]
        for paragraph in article["paragraphs"]
        for asked in paragraph["qas"]
    ]


def read_answerable(path: Path) -> list[Asked]:
    """SQuAD's questions that have an answer."""
    return [row for row in read_squad(path) if row[1]]


def read_texts(folder: Path, count: int) -> list[str]:
    """`count` SST-2 sentences, the files repeated as often as it takes."""
    texts = [text for part in ("train", "test", "dev") for text, _ in read_sst2(folder / f"sst2_{part}.tsv")]
    return (texts * (1 + count // len(texts)))[:count]
