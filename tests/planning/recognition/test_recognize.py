"""Every format is recognized with its task and its columns, and read; what is not clear is asked, and never guessed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import spacy

from spacy_bertadapt.planning.data_files import open_corpus
from spacy_bertadapt.planning.recognition.recognize import recognize_data
from spacy_bertadapt.tasks import TASKS
from tests.planning.recognition.files import (
    ANSWERS,
    ENTITIES,
    LABELS,
    NAMES,
    NUMBER,
    TEXT_FILES,
    TEXTS,
    TOKENS,
    json_lines,
    label,
    rows_of,
    table,
    text,
    write_brat,
    write_dataset,
    write_parquet,
)

NUMBERED = [{**row, "ner_tags": [NAMES.index(tag) for tag in row["ner_tags"]]} for row in TOKENS]
TAG_FEATURES = {"tokens": {"feature": {"dtype": "string"}}, "ner_tags": {"feature": {"names": NAMES}}}
LABEL_FEATURES = {"text": {"dtype": "string"}, "label": {"names": list(LABELS), "_type": "ClassLabel"}}
LABELLED = [{"text": row["text"], "label": LABELS.index(row["label"])} for row in TEXTS]


def check(path: Path, task: str) -> list:
    """Return the Examples of a file that is recognized without a question."""
    shape = recognize_data(path)
    assert (shape.task, list(shape.questions)) == (task, [])
    examples = list(open_corpus(path, TASKS[task].reading(texts=shape.is_text), shape.settings)(spacy.blank("en")))
    assert len(examples) == NUMBER + path.name.endswith(".iob")
    assert all(TASKS[task].gold(example.reference) is not None for example in examples)
    return examples


@pytest.mark.parametrize("name", TEXT_FILES)
def test_text_files(name: str, tmp_path: Path) -> None:
    content, task = TEXT_FILES[name]
    (tmp_path / name).write_text(content, encoding="utf8")
    example = check(tmp_path / name, task)[-1]
    if task == "ner":
        assert [(e.text, e.label_) for e in example.reference.ents] == [("Ada", "PERSON"), ("London", "PLACE")]
    if name == "comma.csv":
        assert example.reference.text == TEXTS[-1]["text"]
        assert set(example.reference.cats) == set("01234")
    if name == "several.csv":
        assert example.reference.cats == {"delivery": 0.0, "payment": 1.0, "returns": 1.0}
    if name == "prodigy_binary.jsonl":
        assert example.reference.cats == {"URGENT": 0.0}


def test_parquet_and_datasets_name_their_integers(tmp_path: Path) -> None:
    write_parquet(tmp_path / "texts.parquet", LABELLED, LABEL_FEATURES)
    assert set(check(tmp_path / "texts.parquet", "textcat")[0].reference.cats) == set(LABELS)
    write_dataset(tmp_path / "texts", LABELLED, LABEL_FEATURES)
    assert set(check(tmp_path / "texts", "textcat")[0].reference.cats) == set(LABELS)
    write_parquet(tmp_path / "tags.parquet", NUMBERED, TAG_FEATURES)
    write_dataset(tmp_path / "tags", NUMBERED, TAG_FEATURES)
    for name in ("tags.parquet", "tags"):
        assert [entity.label_ for entity in check(tmp_path / name, "ner")[0].reference.ents] == ["PERSON", "PLACE"]
    write_parquet(tmp_path / "answers.parquet", ANSWERS)
    check(tmp_path / "answers.parquet", "qa")


def test_brat(tmp_path: Path) -> None:
    write_brat(tmp_path / "brat")
    example = check(tmp_path / "brat", "ner")[0]
    assert [(entity.text, entity.label_) for entity in example.reference.ents] == [
        ("Ada", "PERSON"),
        ("London", "PLACE"),
    ]


def test_docbins(tmp_path: Path, run: Callable) -> None:
    for name in ("pairs.csv", "texts.jsonl", "tags.conll", "prodigy_nested.jsonl", "squad.json"):
        content, task = TEXT_FILES[name]
        (tmp_path / name).write_text(content, encoding="utf8")
        done = run("convert", tmp_path / name, tmp_path / f"{task}.spacy")
        assert done.exit_code == 0, done.output
        check(tmp_path / f"{task}.spacy", task)


def without_commas(number: int) -> str:
    return text(number).replace(",", "")


TWO_LABELS = rows_of(text=text, sentiment=lambda i: "ab"[i % 2], topic=label)
NO_NAME = rows_of(text=text, day=lambda i: f"{i}.1.", source=lambda i: "ab"[i % 2])
TWO_TEXTS = rows_of(a=text, b=lambda i: text(i) + " or not", c=label)
TITLES = rows_of(title=text, description=lambda i: text(i) + "?", label=label)
SEMICOLONS = rows_of(text=text, category=lambda i: ("a;b", "c;b", "a;d", "c;d")[i % 4])
BARS = rows_of(text=text, category=lambda i: ("a|b", "c", "a", "b", "a|b|c", "b|c")[i % 6])
ONE_HOT = rows_of(comment_text=text, toxic=lambda i: i % 2, insult=lambda i: i % 3 // 2)
NO_NAMES = "".join(f"{label(i)},{without_commas(i)},{without_commas(i)}!\n" for i in range(NUMBER))
TO_ASK = {
    "two labels": (table(TWO_LABELS, ","), {"--reader.label"}),
    "no label's name": (table(NO_NAME, ","), {"--reader.label"}),
    "a column a label": (table(ONE_HOT, ","), {"--reader.label"}),
    "two texts": (table(TWO_TEXTS, ","), {"--reader.text", "--reader.label"}),
    "title and description": (table(TITLES, ","), {"--reader.text"}),
    "no names": (NO_NAMES, {"--reader.text", "--reader.label"}),
    "tags that are numbers": (json_lines(NUMBERED), {"--reader.tag_names"}),
    "spans and labels": (json_lines([{**row, "label": "new"} for row in ENTITIES]), {"--task"}),
    "bars in labels": (table(BARS, ","), {"--reader.label_separator"}),
}


@pytest.mark.parametrize("name", TO_ASK)
def test_what_is_not_clear_is_asked(name: str, tmp_path: Path, run: Callable) -> None:
    content, options = TO_ASK[name]
    path = tmp_path / ("data.jsonl" if content.startswith("{") else "data.csv")
    path.write_text(content, encoding="utf8")
    assert {question.option for question in recognize_data(path).questions} == options
    done = run("init-config", tmp_path / "config.cfg", "--train", path)
    assert done.exit_code == 1
    output = " ".join(done.output.split())
    assert "[E681]" in output
    assert all(f"{option} " in output for option in options)


def test_an_answer_as_an_option_is_enough(tmp_path: Path, run: Callable, tiny_bert: Path) -> None:
    (tmp_path / "data.csv").write_text(table(TWO_TEXTS, ","), encoding="utf8")
    options = ("--train", tmp_path / "data.csv", "--reader.text", "a", "--reader.label=c", "-e", tiny_bert)
    done = run("init-config", tmp_path / "config.cfg", *options)
    assert done.exit_code == 0, done.output
    config = spacy.util.load_config(tmp_path / "config.cfg")
    assert config["corpora"]["train"]["corpus"]["text"] == "a"
    assert config["corpora"]["dev"]["corpus"]["label"] == "c"


def test_nothing_recognized(tmp_path: Path, run: Callable) -> None:
    (tmp_path / "notes.txt").write_text("\n".join(map(without_commas, range(NUMBER))), encoding="utf8")
    done = run("init-config", tmp_path / "config.cfg", "--train", tmp_path / "notes.txt")
    assert done.exit_code == 1
    assert "[E680]" in done.output
