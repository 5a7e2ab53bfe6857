"""The data sets of the benchmarks, as texts and gold labels. They are not part of the project: name their folder."""

from __future__ import annotations

import csv
import json
from itertools import groupby
from pathlib import Path

from spacy_bertadapt.readers.tags import read_entities

Rows = list[tuple[str | tuple[str, str], dict[str, float]]]
Tagged = tuple[list[str], list[str]]
Asked = tuple[tuple[str, str], list[tuple[int, str]]]
Spans = set[tuple[int, int, str]]
"""The first token of each span, one past its last, and its label."""

SpansRow = tuple[list[str], Spans]
SICK_LABELS = ("CONTRADICTION", "ENTAILMENT", "NEUTRAL")


def read_sst2(path: Path) -> Rows:
    """Return SST-2 sentences. A line is `text<TAB>0|1`."""
    rows = (line.rsplit("\t", 1) for line in path.read_text(encoding="utf8").splitlines())
    return [(text, {"0": float(label == "0"), "1": float(label == "1")}) for text, label in rows]


def read_cats(path: Path) -> Rows:
    """Return the texts and labels of JSONL with `text` and `cats`."""
    rows = map(json.loads, path.read_text(encoding="utf8").splitlines())
    return [(row["text"], row["cats"]) for row in rows]


def read_sick(path: Path) -> Rows:
    """Return SICK pairs, from TSV with a header."""
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
    """Return words and BIO tags; of several tags the first."""
    return [(words, levels[-1]) for words, levels in _read_columns(path)]


def read_spans(path: Path) -> list[SpansRow]:
    """Return words and spans. Each column of tags is a level of nesting; of several tags in a column, the first."""
    return [(words, {span for tags in levels for span in spans_of(tags)}) for words, levels in _read_columns(path)]


def spans_of(tags: list[str]) -> Spans:
    """Return the entities of a sentence's BIO tags; a stray I-X starts one."""
    return {tuple(entity) for entity in read_entities(tags, None, str)}


def read_squad(path: Path) -> list[Asked]:
    """Return SQuAD's questions and contexts, with the gold answers: where each starts, and its text."""
    return [
        (
            (asked["question"], paragraph["context"]),
            [(answer["answer_start"], answer["text"]) for answer in asked["answers"]],
        )
        for article in json.loads(path.read_text(encoding="utf8"))["data"]
        for paragraph in article["paragraphs"]
        for asked in paragraph["qas"]
    ]


def read_answerable(path: Path) -> list[Asked]:
    """Return SQuAD's questions that have an answer."""
    return [row for row in read_squad(path) if row[1]]


def read_texts(folder: Path, count: int) -> list[str]:
    """Return `count` SST-2 sentences, the files repeated as often as it takes."""
    texts = [text for part in ("train", "test", "dev") for text, _ in read_sst2(folder / f"sst2_{part}.tsv")]
    return (texts * (1 + count // len(texts)))[:count]


def _read_columns(path: Path) -> list[tuple[list[str], list[list[str]]]]:
    """Return the words of each sentence, and its tags column by column."""
    lines = path.read_text(encoding="utf8").split("\n")  # sentences are divided by empty lines and by lone tabs
    blocks = [list(block) for is_full, block in groupby(lines, key=lambda line: bool(line.strip())) if is_full]
    tables = [list(zip(*(line.split("\t") for line in block), strict=True)) for block in blocks]
    return [(list(words), [[tag.split(",")[0] for tag in tags] for tags in levels]) for words, *levels in tables]
