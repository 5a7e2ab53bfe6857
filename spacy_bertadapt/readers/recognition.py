"""What a data file looks like, by its first lines, so that a reader can refuse another format by its name."""

import csv
import re
from collections.abc import Sequence, Set
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from .conll import DOCUMENT_MARK
from .formats.brat import is_brat
from .formats.fasttext import PREFIX
from .formats.parquet import is_dataset, is_parquet
from .json_text import parse_json
from .lines import read_lines

LINES = 20
CHARACTERS = 20_000
JSON_START = re.compile(r'\[\s*\{\s*"|\[\s*\{?$|\{\s*"[^"]*"\s*:|\{$|(\[\s*)+"[^"]*"\s*,|\[\s*\[\s*\{\s*"')
ROWS_IN_OBJECT = re.compile(r'\{\s*("version"\s*:\s*"[^"]*"\s*,\s*)?"data"\s*:\s*\[\s*\{')
SPACY_2 = re.compile(r'\[\s*\[?\s*"')
KEY = re.compile(r'"([^"\\]{1,40})"\s*:')
TAG = re.compile(r"O|-|[BILUESM]-\S+")
CONLLU_COLUMNS = 10
CONLLU_NUMBER = re.compile(r"\d+([-.]\d+)?")
BRAT = re.compile(r"T\d+\t\S+ \d+ \d+(;\d+ \d+)*\t")
MANY_WORDS = 0.5


class Look(NamedTuple):
    """The kind of a file. name: of `KINDS`. keys: those of the first row, where rows are JSON objects."""

    name: str
    keys: frozenset[str] = frozenset()

    @property
    def title(self) -> str:
        """The kind, in a few words."""
        return KINDS[self.name][0]

    @property
    def remedy(self) -> str:
        """What to do with such a file."""
        return KINDS[self.name][1]


RECOGNIZE = "Leave out --task to have the task recognized, or use one whose reader knows such a file."
KINDS = {
    "squad": ("SQuAD's JSON", "Use --task qa, and a name that ends in .json."),
    "flat squad": ("JSON Lines of questions and contexts", "Use --task qa, and a name that ends in .jsonl."),
    "label studio": ("an export from Label Studio", RECOGNIZE),
    "token lists": ("JSON with lists of tokens and tags, as on the Hugging Face Hub", RECOGNIZE),
    "prodigy": ("Prodigy's JSON Lines", RECOGNIZE),
    "doccano": ("doccano's JSON Lines", RECOGNIZE),
    "fasttext": ("fastText's lines with labels", "Use --task textcat."),
    "parquet": ("Parquet", RECOGNIZE),
    "dataset": ("a folder that Hugging Face's datasets saved", RECOGNIZE),
    "jsonl": ("JSON Lines", "Use the task whose reader knows these keys, and a name that ends in .jsonl."),
    "json": ("a JSON document", f"{RECOGNIZE} If it is a list of objects, its name should end in .json."),
    "conll": ("CoNLL, a token and its tags on each line", "Use --task ner, or for several columns --task spancat."),
    "conllu": (
        "CoNLL-U, of Universal Dependencies",
        "It has no entities: convert it by `python -m spacy convert`, or, if one of its columns holds tags, name them "
        "(--reader.word 1 --reader.tag 9).",
    ),
    "rows in an object": ("a JSON document with its rows in an object", RECOGNIZE),
    "spacy 2": (
        "training data of spaCy 2",
        "Convert it to .spacy files: by `python -m spacy convert` if it is JSON with paragraphs and sentences, else by "
        "Example.from_dict and DocBin (https://spacy.io/usage/v3#migrating-training-python).",
    ),
    "brat": ("brat's standoff annotation (.ann)", "Name the .ann file, or the folder of such files and their texts."),
    "csv": ("CSV", "Use --task textcat or nli, and a name that ends in .csv."),
    "tsv": ("TSV of texts", "Use --task textcat or nli, and a name that ends in .tsv."),
}
"""By name: what such a file is called, and the remedy where another one was meant."""

ROWS = ("jsonl", "flat squad", "token lists", "prodigy")
"""The kinds whose rows are JSON objects, one on each line."""


TOLD_BY_LOOK = {
    "label studio": "label_studio",
    "prodigy": "prodigy",
    "doccano": "doccano",
    "fasttext": "fasttext",
    "parquet": "parquet",
    "dataset": "dataset",
    "brat": "brat",
}
"""The format of rows that a look tells, whatever the file's name."""


def recognize(path: Path) -> Look | None:
    """Return what a file or folder looks like; None if nothing is clear. Raises what `read_lines` raises."""
    if (name := _recognize_path(path)) is not None:
        return Look(name)
    lines = [line.rstrip("\r\n") for _, line in islice(read_lines(path), LINES)]
    filled = [line for line in lines if line.strip()]
    if not filled:
        return None
    if JSON_START.match(filled[0].strip()) or _parse_line(filled[0]) is not None:
        return _recognize_json(filled)
    if (name := _recognize_annotation(filled)) is not None:
        return Look(name)
    if _is_csv(filled):
        return Look("csv")
    return Look("tsv") if _is_tsv("\n".join(lines).strip("\n").split("\n")) else None


def _recognize_path(path: Path) -> str | None:
    """Return the kind of a folder, or of a file that holds no lines."""
    if path.is_dir():
        return "dataset" if is_dataset(path) else "brat" if is_brat(path) else None
    return "parquet" if path.is_file() and is_parquet(path) else None


def _recognize_annotation(lines: Sequence[str]) -> str | None:
    """Return the kind of a file whose lines have labels, tokens or spans."""
    if all(line.startswith(PREFIX) for line in lines):
        return "fasttext"
    if BRAT.match(lines[0]):
        return "brat"
    if _is_conllu(lines):
        return "conllu"
    return "conll" if _is_conll(lines) else None


def _parse_line(line: str) -> dict[str, object] | list[object] | None:
    """Return the object or list that a line holds; None if it holds something else, or is long."""
    if not line.lstrip().startswith(("{", "[")) or len(line) > CHARACTERS:
        return None
    try:
        return parse_json(line)
    except ValueError:
        return None


def _recognize_json(lines: Sequence[str]) -> Look:
    beginning = "\n".join(lines)[:CHARACTERS]
    start, nested = lines[0].strip(), frozenset(KEY.findall(beginning))
    tool = _recognize_tool(start, nested)
    if tool is not None:
        return Look(tool, nested)
    if ROWS_IN_OBJECT.match(beginning):
        return Look("rows in an object", nested)
    is_rows = start.startswith("{") and start != "{"
    keys = frozenset(_parse_line(lines[0]) or nested) if is_rows else nested
    if "tokens" in keys and keys & {"tags", "ner_tags"}:
        return Look("token lists", keys)
    return Look(_kind_of_rows(lines, keys) if is_rows else "json", keys)


def _kind_of_rows(lines: Sequence[str], keys: Set[str]) -> str:
    """Return the kind of a file with an object on each line."""
    if {"question", "context"} <= keys:
        return "flat squad"
    if "text" in keys and (keys & {"spans", "answer", "_input_hash"} or {"options", "accept"} <= keys):
        return "prodigy"
    return "doccano" if any(map(_is_doccano, lines)) else "jsonl"


def _is_doccano(line: str) -> bool:
    """Return whether an object's labels are entities as doccano has them."""
    row = _parse_line(line)
    entities = [row.get(key) for key in ("label", "labels", "entities")] if isinstance(row, dict) else []
    first = [items[0] for items in entities if isinstance(items, list) and items]
    return any(
        (isinstance(item, list) and len(item) == 3 and type(item[0]) is int and isinstance(item[2], str))
        or (isinstance(item, dict) and {"start_offset", "end_offset", "label"} <= item.keys())
        for item in first
    )


def _recognize_tool(start: str, keys: Set[str]) -> str | None:
    """Return the kind of a file that a tool of its own writes. start: its first line. keys: all in its beginning."""
    if "paragraphs" in keys and keys & {"data", "qas"}:
        return "squad"
    if {"result", "from_name"} <= keys or {"annotation_id", "lead_time"} <= keys:
        return "label studio"
    if {"paragraphs", "sentences"} <= keys or (SPACY_2.match(start) and keys & {"entities", "cats"}):
        return "spacy 2"
    return None


def _is_conllu(lines: Sequence[str]) -> bool:
    """Return whether each line but for comments has the ten columns of CoNLL-U, of which the first is a number."""
    rows = [line.split("\t") for line in lines if not line.startswith("#")]
    return bool(rows) and all(len(row) == CONLLU_COLUMNS and CONLLU_NUMBER.fullmatch(row[0]) for row in rows)


def _is_conll(lines: Sequence[str]) -> bool:
    """Return whether each line has a token and a tag, of which not all are "O"."""
    if lines[0].startswith(DOCUMENT_MARK):
        return True
    columns = [line.split("\t") if "\t" in line else line.split() for line in lines if not line.startswith("#")]
    tags = [fields[-1].strip() for fields in columns]
    are_tokens = all(len(fields) > 1 and " " not in fields[0] for fields in columns)
    return are_tokens and all(map(TAG.fullmatch, tags)) and any("-" in tag and tag != "-" for tag in tags)


def _is_csv(lines: Sequence[str]) -> bool:
    """Return whether all rows have as many fields between commas, and not as many between spaces."""
    try:
        widths = {len(fields) for fields in csv.reader(lines) if fields}
    except csv.Error:
        return False
    words = {len(line.split()) for line in lines}
    return len(widths) == 1 and widths != {1} and "\t" not in "".join(lines) and (len(words) > 1 or words == {1})


def _is_tsv(lines: Sequence[str]) -> bool:
    """Return whether most first columns hold several words, as texts do and tokens don't."""
    columns = [line.split("\t") for line in lines]
    are_texts = all(len(fields) == len(columns[0]) > 1 for fields in columns)
    return are_texts and sum(" " in fields[0].strip() for fields in columns) > MANY_WORDS * len(columns)
