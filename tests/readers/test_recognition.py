"""A file is recognized by its first lines, and a reader of other files refuses it by its name."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from spacy_bertadapt.readers.recognition import recognize
from spacy_bertadapt.tasks import TASKS, TRAINED

ASSETS = Path(__file__).parent.parent.parent / "assets"


def rows(*objects: dict[str, Any]) -> str:
    return "".join(json.dumps(row) + "\n" for row in objects)


PRODIGY = rows({"text": "in London", "spans": [{"start": 3, "end": 9, "label": "LOC"}], "answer": "accept"}) * 3
LABEL_STUDIO = [{"id": 1, "data": {"text": "x"}, "annotations": [{"result": [{"from_name": "label", "value": {}}]}]}]
SQUAD = {"version": "1", "data": [{"paragraphs": [{"context": "x", "qas": []}]}]}
SAMPLES = {
    "prodigy": PRODIGY,
    "label studio": json.dumps(LABEL_STUDIO),
    "token lists": rows({"id": "0", "tokens": ["a", "b"], "ner_tags": [0, 3]}),
    "squad": json.dumps(SQUAD),
    "flat squad": rows({"question": "a", "context": "b", "answers": {"text": [], "answer_start": []}, "answer": "x"}),
    "doccano": rows({"id": 1, "text": "a b", "label": []}, {"id": 2, "text": "a b", "label": [[0, 1, "X"]]}),
    "fasttext": "__label__a what is it, then\n__label__b __label__a it is\n",
    "jsonl": rows({"text": "a, b", "label": "c"}),
    "json": '[{"a": 1}, {"a": 2}]',
    "rows in an object": '{"data": [{"text": "a", "label": "b"}]}',
    "spacy 2": '[["a text", {"entities": [[0, 1, "X"]]}]]',
    "conllu": "# sent_id = 1\n1\tAda\tAda\tPROPN\tNNP\t_\t2\tnsubj\t_\t_\n\n",
    "brat": "T1\tPER 0 3\tAda\nT2\tLOC 13 19\tLondon\nT3\tPER 30 33\tAda\nT4\tPER 0 1;3 4\tA b\n",
    "conll": "EU NNP B-ORG\nrejects VBZ O\n\nHe PRP O\n",
    "csv": "text,label\nwhere is it,delivery\n",
    "tsv": "where is it\tdelivery\nmy card\tpayment\n",
}


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("before", ["", "\ufeff", "\n\n"])
def test_kinds(name: str, before: str, tmp_path: Path) -> None:
    path = tmp_path / "data.gz"
    path.write_bytes(gzip.compress((before + SAMPLES[name]).encode("utf8")))
    look = recognize(path)
    assert look is not None
    assert look.name == name


@pytest.mark.parametrize("name", ["label studio", "squad", "json"])
def test_json_on_several_lines(name: str, tmp_path: Path) -> None:
    (tmp_path / "data").write_text(json.dumps(json.loads(SAMPLES[name]), indent=2), encoding="utf8")
    look = recognize(tmp_path / "data")
    assert look is not None
    assert look.name == name


LONG = ["EU", "rejects", "call"] * 9000


@pytest.mark.parametrize(
    ("value", "name"), [([LONG, ["B-ORG", "O", "O"] * 9000], "json"), ({"a": LONG}, "jsonl"), (LONG, "json")]
)
@pytest.mark.parametrize("separators", [(",", ":"), (" , ", " : ")])
def test_json_on_a_line_that_is_long(value: Any, name: str, separators: tuple[str, str], tmp_path: Path) -> None:
    (tmp_path / "data").write_text(json.dumps(value, separators=separators), encoding="utf8")
    look = recognize(tmp_path / "data")
    assert look is not None
    assert look.name == name


def test_keys_alone_do_not_make_an_export(tmp_path: Path) -> None:
    row = {"text": "in four weeks", "label": "late", "lead_time": 4, "paragraphs": ["a"], "context": "mail"}
    (tmp_path / "data.jsonl").write_text(rows(row), encoding="utf8")
    assert len(list(TASKS["textcat"].reader_class(tmp_path / "data.jsonl").records())) == 1


TOKENS_LIKE_OTHER_FORMATS = (
    "[ [ O\nAda NNP B-PER\n] ] O\n",
    "{ -LRB- O\nx y O\n",
    "# text = a, b\n, , O\n",
    "Ada B-PER,B-ORG\ncame O,O\n",
    "Ada B-PER,B-ORG\n",
    '[\t"\tO\n',
    "1,5 B-X\n",
    "New York\tB-LOC\n\nRiga\tB-LOC\n",
    "-DOCSTART-\n\nx y\n",
    "[[ B-X\n[ O\n",
    '["," O\n',
)


@pytest.mark.parametrize("text", TOKENS_LIKE_OTHER_FORMATS)
def test_odd_tokens_are_still_conll(text: str, tmp_path: Path) -> None:
    path = tmp_path / "data.conll"
    path.write_text(text, encoding="utf8")
    assert list(TASKS["ner"].reader_class(path).records())


@pytest.mark.parametrize("name", sorted(set(SAMPLES) - {"conll"}))
@pytest.mark.parametrize("task", ["ner", "spancat"])
def test_a_reader_of_conll_refuses_everything_else(name: str, task: str, tmp_path: Path) -> None:
    path = tmp_path / "data.conll"
    path.write_text(SAMPLES[name], encoding="utf8")
    with pytest.raises(ValueError, match=r"C033\] .*data\.conll looks like .*, but \w+ reads .*\. [A-Z].+"):
        list(TASKS[task].reader_class(path, **({"format": "conll"} if task == "spancat" else {})).records())


@pytest.mark.parametrize(
    ("task", "suffix", "read"),
    [
        ("textcat", "csv", {"csv", "tsv", "label studio", "prodigy", "fasttext"}),
        ("textcat", "jsonl", {"jsonl", "label studio", "prodigy", "fasttext"}),
        ("textcat", "json", {"json", "rows in an object", "label studio", "prodigy", "fasttext"}),
        ("nli", "jsonl", {"jsonl", "label studio", "prodigy", "fasttext"}),
        ("spancat", "jsonl", {"json", "jsonl", "label studio", "prodigy", "doccano", "fasttext", "brat"}),
        ("qa", "json", {"jsonl", "json", "squad"}),
        ("qa", "jsonl", {"jsonl", "json", "rows in an object", "flat squad"}),
    ],
)
@pytest.mark.filterwarnings("ignore:.*W407")
def test_each_reader_refuses_other_kinds(task: str, suffix: str, read: set[str], tmp_path: Path) -> None:
    path = tmp_path / f"data.{suffix}"
    refused = set()
    for name, text in SAMPLES.items():
        path.write_text(text, encoding="utf8")
        path.with_suffix(".txt").write_text("Ada lives in London and with me as Ada", encoding="utf8")
        try:
            list(TASKS[task].reader_class(path).records())
        except ValueError as error:
            refused |= {name} if "[C033]" in str(error) else set()
    assert refused == set(SAMPLES) - read


@pytest.mark.parametrize("name", TRAINED)
def test_samples_are_what_their_readers_read(name: str) -> None:
    (path,) = ASSETS.glob(f"{name}_train.*")
    corpus = TRAINED[name].reader_class(path)
    look = recognize(path)
    assert look is not None
    assert corpus.takes(look)


def test_the_command_names_the_format(run: Callable, tmp_path: Path) -> None:
    (tmp_path / "data.json").write_text(SAMPLES["conllu"], encoding="utf8")
    result = run("convert", tmp_path / "data.json", tmp_path / "data.spacy", "--task", "ner")
    assert result.exit_code == 1
    assert "[C033]" in result.output
    assert "python -m spacy convert" in " ".join(result.output.split())
