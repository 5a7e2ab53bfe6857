"""Questions from SQuAD's files."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import spacy
import srsly
from spacy.language import Language
from spacy.tokens import DocBin

from spacy_bertadapt.tasks.qa.reader import SquadCorpus

CONTEXT = "Ada paid $45 in London. London is large."


@pytest.fixture
def nlp() -> Language:
    return spacy.blank("en")


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Writes questions and their answers, (text, start), on one context, in SQuAD's form."""

    def run(*questions: tuple[str, list[tuple[str, int]]], context: str = CONTEXT) -> Path:
        qas = [
            {"id": f"q{n}", "question": question, "answers": [{"text": t, "answer_start": s} for t, s in answers]}
            for n, (question, answers) in enumerate(questions)
        ]
        path = tmp_path / "data.json"
        data = {"version": "v2.0", "data": [{"title": "x", "paragraphs": [{"context": context, "qas": qas}]}]}
        path.write_text(json.dumps(data), encoding="utf8")
        return path

    return run


def gold_answers(corpus: SquadCorpus, nlp: Language) -> list[Any]:
    docs = [example.reference for example in corpus(nlp)]
    return [[(span.text, span.start_char) for span in doc.spans["answers"]] for doc in docs]


def test_answers_are_spans_of_the_context(nlp: Language, write: Callable) -> None:
    path = write(("Where was it?", [("London", 16), ("in London", 13)]), ("Why?", []))
    first, second = SquadCorpus(path)(nlp)
    doc = first.reference
    assert doc.text == f"Where was it? [SEP] {CONTEXT}"
    assert [doc.spans[part][0].text for part in ("question", "context")] == ["Where was it?", CONTEXT]
    assert [span.text for span in doc.spans["answers"]] == ["London", "in London"]
    assert doc.spans["answers"][0].start_char == len("Where was it? [SEP] ") + 16
    assert "answers" not in first.predicted.spans
    assert "question" in first.predicted.spans
    assert len(second.reference.spans["answers"]) == 0
    (only,) = SquadCorpus(path, answerable_only=True)(nlp)
    assert only.reference.text == doc.text


def test_widened_answers_keep_their_text_and_are_counted(nlp: Language, write: Callable) -> None:
    path = write(("Where?", [("ondo", 17)]))
    with pytest.warns(UserWarning, match=r"W402.* of 1 answers 0 were not .* 1 are widened"):
        (example,) = SquadCorpus(path)(nlp)
    group = example.reference.spans["answers"]
    assert group[0].text == "London"
    assert group.attrs["texts"] == ["ondo"]
    (again,) = DocBin(docs=[example.reference]).get_docs(nlp.vocab)
    assert again.spans["answers"].attrs["texts"] == ["ondo"]


@pytest.mark.parametrize(("start", "place"), [(14, 16), (30, 24), (-3, 16), (999, 24)])
def test_an_answer_is_searched_for_near_its_offset(nlp: Language, write: Callable, start: int, place: int) -> None:
    path = write(("Where?", [("London", start)]))
    with pytest.warns(UserWarning, match=r"W402.* 1 were not at their offset"):
        assert gold_answers(SquadCorpus(path), nlp) == [[("London", len("Where? [SEP] ") + place)]]


def test_an_answer_that_is_nowhere_is_skipped_and_reported(nlp: Language, write: Callable) -> None:
    path = write(("Where?", [("Riga", 3)]), ("Why?", []), ("What?", [("", 0)]))
    with pytest.warns(UserWarning, match=r"W401.*2 of 3 rows skipped.*data\.json:q0.*'Riga' is not in the context"):
        assert gold_answers(SquadCorpus(path), nlp) == [[]]


def test_flat_jsonl(nlp: Language, tmp_path: Path) -> None:
    rows = [
        {"question": "Where?", "context": CONTEXT, "answers": {"text": ["London"], "answer_start": [16]}},
        {"question": "Why?", "context": CONTEXT, "answers": {"text": [], "answer_start": []}},
    ]
    srsly.write_jsonl(tmp_path / "data.jsonl", rows)
    assert gold_answers(SquadCorpus(tmp_path / "data.jsonl"), nlp) == [[("London", len("Where? [SEP] ") + 16)], []]
    assert len(gold_answers(SquadCorpus(tmp_path / "data.jsonl", limit=1), nlp)) == 1


@pytest.mark.parametrize(
    "text",
    ["{", "[]", '{"data": [{"paragraphs": [{"qas": []}]}]}x', '{"data": [{"paragraphs": [{"qas": [{"id": 1}]}]}]}'],
)
def test_other_json_is_an_error(nlp: Language, tmp_path: Path, text: str) -> None:
    (tmp_path / "data.json").write_text(text, encoding="utf8")
    with pytest.raises(ValueError, match=r"C028.*data\.json"):
        list(SquadCorpus(tmp_path / "data.json")(nlp))


def test_broken_answers_of_jsonl_name_the_line(nlp: Language, tmp_path: Path) -> None:
    srsly.write_jsonl(tmp_path / "data.jsonl", [{"question": "a", "context": "b", "answers": {"text": ["b"]}}])
    with pytest.raises(ValueError, match=r"C028.*data\.jsonl:1"):
        list(SquadCorpus(tmp_path / "data.jsonl")(nlp))
