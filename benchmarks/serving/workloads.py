"""Rows to send to a server, as its pipeline reads them: short ones, and ones of all lengths."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from ..data import read_cats, read_sick, read_squad, read_sst2

Row = dict[str, str]
SHORT = 60  # characters
LONGEST = 5000
LENGTHS = (0, 60, 250, 1000, LONGEST)  # a mixed workload has as many rows in each of these ranges, if there are enough
SEED = 0


def rows_of(inputs: tuple[str, ...], folder: Path, count: int, *, short: bool) -> list[Row]:
    """Return rows of a data set. inputs: the names of their texts. short: at most 60 characters; else of all lengths.

    Of pairs, the short ones are the shorter half.
    """
    rows = list(_rows(inputs, folder))
    random.Random(SEED).shuffle(rows)
    if not short:
        return _mixed(rows, count)
    limit = SHORT if len(inputs) == 1 else sorted(map(_length, rows))[len(rows) // 2]
    return [row for row in rows if _length(row) <= limit][:count]


def _rows(inputs: tuple[str, ...], folder: Path) -> Iterator[Row]:
    if inputs == ("text",):
        for part in ("train", "dev", "test"):
            yield from ({"text": text} for text, _ in read_sst2(folder / f"sst2_{part}.tsv"))
        yield from ({"text": str(text)[:LONGEST]} for text, _ in read_cats(folder / "cooking_train.jsonl"))
        contexts = sorted({context for (_, context), _ in read_squad(folder / "squad2_eval.json")})
        yield from ({"text": " ".join(contexts[n : n + 5])[:LONGEST]} for n in range(len(contexts)))
        return
    read = read_sick if inputs[0] == "premise" else read_squad
    path = folder / ("sick_test.txt" if inputs[0] == "premise" else "squad2_eval.json")
    yield from (dict(zip(inputs, texts, strict=True)) for texts, _ in read(path))


def _mixed(rows: list[Row], count: int) -> list[Row]:
    ranges = list(pairwise(LENGTHS))
    chosen = [
        row
        for shortest, longest in ranges
        for row in [row for row in rows if shortest < _length(row) <= longest][: count // len(ranges)]
    ]
    random.Random(SEED).shuffle(chosen)
    return chosen


def _length(row: Row) -> int:
    return sum(map(len, row.values()))
