"""SQuAD's JSON and flat rows from strangers: each fault is named, with its place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from spacy_bertadapt.tasks.qa.reader import SquadCorpus

CONTEXT = "Ada lived in London."


def squad(*, context: Any = CONTEXT, question: Any = "Where?", text: Any = "London", start: Any = 13) -> str:
    answers = [{"text": text, "answer_start": start}]
    qas = [{"id": "q1", "question": question, "answers": answers}]
    return json.dumps({"data": [{"paragraphs": [{"context": context, "qas": qas}]}]})


def flat(*, context: Any = CONTEXT, question: Any = "Where?", text: Any = "London", start: Any = 13) -> str:
    return json.dumps({"question": question, "context": context, "answers": {"text": [text], "answer_start": [start]}})


def read(path: Path, text: str) -> list[Any]:
    path.write_text(text, encoding="utf8")
    return list(SquadCorpus(path).records())


@pytest.mark.parametrize(("form", "name"), [(squad, "a.json"), (flat, "a.jsonl")])
@pytest.mark.parametrize("part", ["context", "question", "text", "start"])
@pytest.mark.parametrize("value", [None, 5, 1.5, True, ["a"], {"a": 1}, "7"])
def test_values_of_another_type(form: Any, name: str, part: str, value: Any, tmp_path: Path) -> None:
    if (part, value) in [("start", 5)] or (part != "start" and isinstance(value, str)):
        return
    with pytest.raises(ValueError, match=rf"\[C0(28|18)\] \S+{name}[^\n]*$"):
        read(tmp_path / name, form(**{part: value}))


def test_a_whole_number_may_be_written_as_a_fraction(tmp_path: Path) -> None:
    (record,) = read(tmp_path / "a.json", squad(start=13.0))
    assert record.answers == [("London", 13)]


@pytest.mark.parametrize("start", [-1, -7, -100])
def test_a_start_below_0_is_no_place_from_the_end(start: int, tmp_path: Path) -> None:
    (record,) = read(tmp_path / "a.json", squad(context="the answer is 7", text="7", start=start))
    assert record.answers == [("7", 14)]
    (record,) = read(tmp_path / "a.json", squad(context="May, we met in May", text="May", start=start))
    assert record.answers == [("May", 0)]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[" * 2000 + "]" * 2000, "nested deeper"),
        ('{"data": ' * 2000 + "1" + "}" * 2000, "nested deeper"),
        (squad(context="\ud800"), "surrogates"),
        (squad(text="\udfff"), "surrogates"),
        (squad(question="a\udbffb"), "surrogates"),
        ('{"data": [{"paragraphs": [{"context": NaN}]}]}', "NaN"),
        ('{"data": {"paragraphs": []}}', "'data' is"),
        ('{"data": [3]}', "no 'paragraphs' in 3"),
        ('{"data": [{"paragraphs": null}]}', "'paragraphs' is None"),
        ('{"data": [{"paragraphs": [{"context": "a", "qas": [null]}]}]}', "no 'question' in None"),
    ],
    ids=range(10),
)
def test_json_that_is_no_squad(text: str, reason: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=rf"C028\] .*a\.json is not of SQuAD's form: .*{reason}"):
        read(tmp_path / "a.json", text)


def test_lists_of_unequal_length(tmp_path: Path) -> None:
    row = {"question": "a", "context": "b", "answers": {"text": ["b"], "answer_start": []}}
    with pytest.raises(ValueError, match=r"C028\] .*a\.jsonl:1 .*1 texts of answers, and 0 answer_start"):
        read(tmp_path / "a.jsonl", json.dumps(row))


@pytest.mark.parametrize("value", ["a\nb", None, 7, {"a": 1}, "x" * 500])
def test_an_id_of_any_kind_stays_in_its_line(value: Any, tmp_path: Path) -> None:
    data = json.loads(squad(start="x"))
    data["data"][0]["paragraphs"][0]["qas"][0]["id"] = value
    with pytest.raises(ValueError, match=r"^\[C028\] [^\n]{1,500}$"):
        read(tmp_path / "a.json", json.dumps(data))


@pytest.mark.parametrize("answer", ["reject", "ignore"])
def test_refused_rows_are_skipped_and_reported(answer: str, tmp_path: Path) -> None:
    refused = json.dumps({**json.loads(flat()), "answer": answer})
    other = json.dumps({**json.loads(flat(question="Who?", text="Ada", start=0)), "answer": "Ada"})
    with pytest.warns(UserWarning, match=rf"W401.*1 of 3 rows skipped.*a\.jsonl:2: its answer is '{answer}'"):
        records = read(tmp_path / "a.jsonl", "\n".join([flat(), refused, other]))
    assert [record.question for record in records] == ["Where?", "Who?"]


def question(**values: Any) -> dict[str, Any]:
    return {"id": "q", "question": "Where?", **values}


GOLD = [{"text": "London", "answer_start": 13}]


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (question(), "no `answers`"),
        (question(is_impossible=False), "no `answers`"),
        (question(answers=GOLD, is_impossible=True), "`is_impossible` is true"),
        (question(answers=[], is_impossible=False), "`is_impossible` is false"),
    ],
)
def test_questions_without_or_against_their_annotation_are_counted(
    wrong: dict[str, Any], reason: str, tmp_path: Path
) -> None:
    sound = [question(answers=GOLD), question(answers=[]), question(is_impossible=True)]
    content = {"data": [{"paragraphs": [{"context": CONTEXT, "qas": [*sound, wrong]}]}]}
    with pytest.warns(UserWarning, match=rf"W401.*1 of 4 rows skipped.*{reason}"):
        records = read(tmp_path / "a.json", json.dumps(content))
    assert [len(record.answers) for record in records] == [1, 0, 0]


def test_flat_answers_as_a_list(tmp_path: Path) -> None:
    row = {"question": "Where?", "context": CONTEXT, "answers": GOLD}
    with pytest.raises(ValueError, match=r"C028.*`answers` is a list; in JSONL write \{\"text\""):
        read(tmp_path / "a.jsonl", json.dumps(row))
