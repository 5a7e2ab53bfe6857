"""Files of every format that is read, made of the same few texts, labels, pairs, entities and answers."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import ipc

Row = Mapping[str, Any]
LABELS = ("delivery", "payment", "returns")
NUMBER = 24


def _text(number: int) -> str:
    return f"where is my parcel, which I ordered {number} days ago"


TEXTS = [{"text": _text(i), "label": LABELS[i % 3]} for i in range(NUMBER)]
PAIRS = [
    {"premise": _text(i), "hypothesis": f"the parcel {i} is late", "label": ("yes", "no")[i % 2]} for i in range(NUMBER)
]
ENTITIES = [
    {
        "text": f"Ada came to London {i} times",
        "spans": [{"start": 0, "end": 3, "label": "PERSON"}, {"start": 12, "end": 18, "label": "PLACE"}],
    }
    for i in range(NUMBER)
]
NAMES = ["O", "B-PERSON", "B-PLACE"]
TOKENS = [
    {"tokens": row["text"].split(), "ner_tags": ["B-PERSON", "O", "O", "B-PLACE", "O", "O"]} for row in ENTITIES
]  # fmt: skip
ANSWERS = [
    {"question": "Who came?", "context": row["text"], "answers": {"text": ["Ada"], "answer_start": [0]}}
    for row in ENTITIES
]


def json_lines(rows: Sequence[Row]) -> str:
    return "".join(f"{json.dumps(row)}\n" for row in rows)


def table(rows: Sequence[Row], separator: str) -> str:
    stream = StringIO()
    writer = csv.DictWriter(stream, list(rows[0]), delimiter=separator)
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()


def label_studio(rows: Sequence[Row], results: Callable[[Row], list[Row]]) -> str:
    tasks = []
    for number, row in enumerate(rows):
        data = {key: value for key, value in row.items() if isinstance(value, str) and key != "label"}
        annotation = {"id": number, "was_cancelled": False, "result": results(row)}
        tasks.append({"id": number, "data": data, "annotations": [annotation]})
    return json.dumps(tasks)


def marked(row: Row) -> list[Row]:
    return [
        {"from_name": "label", "to_name": "text", "type": "labels", "value": {**span, "labels": [span["label"]]}}
        for span in row["spans"]
    ]


def chosen(row: Row) -> list[Row]:
    return [{"from_name": "kind", "to_name": "text", "type": "choices", "value": {"choices": [row["label"]]}}]


def squad() -> str:
    paragraphs = [
        {
            "context": row["context"],
            "qas": [{"id": "1", "question": row["question"], "answers": [{"text": "Ada", "answer_start": 0}]}],
        }
        for row in ANSWERS
    ]
    return json.dumps({"version": "1.1", "data": [{"title": "x", "paragraphs": paragraphs}]})


def conll(rows: Sequence[Row], *, between: str = "\t") -> str:
    sentences = (zip(row["tokens"], row["ner_tags"], strict=True) for row in rows)
    return "\n\n".join("\n".join(between.join(pair) for pair in sentence) for sentence in sentences) + "\n"


def rows_of(**columns: Callable[[int], Any]) -> list[dict[str, Any]]:
    """Return rows whose values are made of their numbers."""
    return [{name: make(number) for name, make in columns.items()} for number in range(NUMBER)]


def text(number: int) -> str:
    return TEXTS[number]["text"]


def label(number: int) -> str:
    return TEXTS[number]["label"]


REVIEWS = rows_of(id=lambda i: i, review=text, stars=lambda i: i % 5)
GLUE = [{"sentence1": row["premise"], "sentence2": row["hypothesis"], "label": row["label"]} for row in PAIRS]
GERMAN = rows_of(Anfrage=text, Bereich=label)
SEVERAL = rows_of(text=text, tags=lambda i: "|".join(sorted({label(i), label(i // 3)})))
PRODIGY = [{**row, "answer": "accept", "_input_hash": 1} for row in ENTITIES]
NESTED = [{**row, "spans": [*row["spans"], {"start": 0, "end": 18, "label": "TRIP"}]} for row in ENTITIES]
CHOICES = rows_of(text=text, options=lambda i: [{"id": name} for name in LABELS], accept=lambda i: [label(i)])
BINARY = rows_of(text=text, label=lambda i: "URGENT", answer=lambda i: ("accept", "reject")[i % 2])
SHORT = rows_of(text=text, kind=label, annotation_id=lambda i: i, lead_time=lambda i: 1.5)
DOCCANO = [{"id": 1, "text": r["text"], "label": [list(span.values()) for span in r["spans"]]} for r in ENTITIES]
DOCCANO_TEXTS = rows_of(id=lambda i: i, text=text, label=lambda i: [label(i)])
NO_ENTITY = {"tokens": ["so"] * 30, "ner_tags": ["O"] * 30}

TEXT_FILES: dict[str, tuple[str, str]] = {
    "comma.csv": (table(REVIEWS, ","), "textcat"),
    "semicolon.csv": (table(TEXTS, ";"), "textcat"),
    "pairs.csv": (table(GLUE, ","), "nli"),
    "bar.txt": (table(PAIRS, "|"), "nli"),
    "tabs.tsv": (table(TEXTS, "\t"), "textcat"),
    "pairs.tsv": (table(PAIRS, "\t"), "nli"),
    "no_header.tsv": ("".join(f"{r['text']}\t{i % 2}\n" for i, r in enumerate(TEXTS)), "textcat"),
    "german.csv": (table(GERMAN, ";"), "textcat"),
    "several.csv": (table(SEVERAL, ","), "textcat"),
    "texts.jsonl": (json_lines(TEXTS), "textcat"),
    "pairs.jsonl": (json_lines(PAIRS), "nli"),
    "tokens.jsonl": (json_lines(TOKENS), "ner"),
    "answers.jsonl": (json_lines(ANSWERS), "qa"),
    "texts.json": (json.dumps(TEXTS), "textcat"),
    "pairs.json": (json.dumps({"data": PAIRS}), "nli"),
    "tokens.json": (json.dumps(TOKENS), "ner"),
    "answers.json": (json.dumps(ANSWERS), "qa"),
    "prodigy_spans.jsonl": (json_lines(PRODIGY), "ner"),
    "prodigy_nested.jsonl": (json_lines(NESTED), "spancat"),
    "prodigy_choice.jsonl": (json_lines(CHOICES), "textcat"),
    "prodigy_binary.jsonl": (json_lines(BINARY), "textcat"),
    "studio_spans.json": (label_studio(ENTITIES, marked), "ner"),
    "studio_choices.json": (label_studio(TEXTS, chosen), "textcat"),
    "studio_pairs.json": (label_studio(PAIRS, chosen), "nli"),
    "studio_short.json": (json.dumps(SHORT), "textcat"),
    "doccano_lists.jsonl": (json_lines(DOCCANO), "ner"),
    "doccano_texts.jsonl": (json_lines(DOCCANO_TEXTS), "textcat"),
    "fasttext.txt": ("".join(f"__label__{row['label']} {row['text']}\n" for row in TEXTS), "textcat"),
    "tags.conll": (conll(TOKENS), "ner"),
    "tags.iob": (conll([NO_ENTITY, *TOKENS], between=" "), "ner"),
    "conll2003.txt": ("-DOCSTART- -X- O O\n\n" + conll(TOKENS, between=" NN B-NP "), "ner"),
    "nested.iob2": (conll(TOKENS, between="\tO\tI-TRIP\t"), "spancat"),
    "squad.json": (squad(), "qa"),
}
"""By name: the content of a file, and the task that it is for."""


def write_parquet(path: Path, rows: Sequence[Row], features: Mapping[str, Any] | None = None) -> None:
    """Write rows as Parquet; features: what `datasets` keeps of the columns."""
    kept = {} if features is None else {"huggingface": json.dumps({"info": {"features": features}})}
    pq.write_table(pa.Table.from_pylist([dict(row) for row in rows]).replace_schema_metadata(kept), path)


def write_dataset(path: Path, rows: Sequence[Row], features: Mapping[str, Any]) -> None:
    """Write rows as `Dataset.save_to_disk` does."""
    path.mkdir()
    written = pa.Table.from_pylist([dict(row) for row in rows])
    with ipc.new_stream(path / "data-00000-of-00001.arrow", written.schema) as stream:
        stream.write_table(written)
    (path / "dataset_info.json").write_text(json.dumps({"features": features}), encoding="utf8")
    (path / "state.json").write_text(
        json.dumps({"_data_files": [{"filename": "data-00000-of-00001.arrow"}]}), encoding="utf8"
    )


def write_brat(path: Path) -> None:
    """Write a folder of texts with brat's annotation."""
    path.mkdir()
    for number, row in enumerate(ENTITIES):
        (path / f"{number}.txt").write_text(row["text"], encoding="utf8")
        lines = (f"T{i}\t{s['label']} {s['start']} {s['end']}\tx\n" for i, s in enumerate(row["spans"]))
        (path / f"{number}.ann").write_text("".join(lines), encoding="utf8")
